import Platform
import TestSupport
import Testing

/// Names on the command line that no server has.
@Suite struct BadNameTests {
  private static let bad = ["..", "", "a@b@c", "a/b", "a b"]

  /// Nothing listens there: whoever asked would end with another status.
  private func run(_ arguments: [String]) throws -> ProgramResult {
    try ClientMachine().run(arguments + ["--server", "http://127.0.0.1:1"])
  }

  private func expectBadInput(_ arguments: [String]) throws {
    let result = try run(arguments)
    #expect(result.status == 2, "\(arguments): \(result)")
    #expect(result.errors.hasPrefix("sheaf: "), "\(arguments): \(result)")
    #expect(result.errors.split(separator: "\n").count == 1, "\(arguments): \(result)")
    #expect(result.output.isEmpty, "\(arguments): \(result)")
  }

  @Test("D46 a bad repo is bad input and one line, whatever command it is given to", arguments: bad)
  func repos(name: String) throws {
    for arguments in [
      ["repo", "create", name], ["repo", "show", name], ["repo", "rename", "films", name],
      ["repo", "rename", name, "films"], ["repo", "set", name, "--weight", "2"],
      ["repo", "set", name, "--keep-days", "2"], ["repo", "rm", name, "--yes"],
      ["repo", "squash", name, "--latest", "1", "--yes"], ["label", "show", name, "v1"],
      ["label", "rm", name, "v1"], ["label", "ls", name], ["log", name], ["bundle", "ls", name],
      ["bag", "import", "/", "--repo", name, "-m", "m"],
      ["source", "push", "disk", "--repo", name, "-m", "m"],
      ["source", "push", "disk", "--repo", "films", "-m", "m", "--label", name],
    ] { try expectBadInput(arguments) }
  }

  @Test("D46 a bad label or reference is bad input and one line", arguments: bad)
  func references(name: String) throws {
    for arguments in [
      ["label", "set", "films@latest", name], ["label", "show", "films", name],
      ["label", "rm", "films", name],
      ["label", "set", "films@\(name)", "v1"], ["bundle", "show", "films@\(name)"],
      ["bundle", "rm", "films@\(name)", "--yes"], ["bundle", "files", "films@\(name)"],
      ["bundle", "cat", "films@\(name)", "a"], ["bag", "export", "films@\(name)", "--to", "bag"],
      ["pull", "films@\(name)", "--to", "copy"],
    ] { try expectBadInput(arguments) }
  }

  @Test(
    "D37 an author that no server takes is bad input, and nothing is asked", arguments: ["long", "a\u{7}b"])
  func authors(text: String) throws {
    let author = text == "long" ? String(repeating: "x", count: 257) : text
    for arguments in [
      ["repo", "create", "films"], ["label", "rm", "films", "v1"], ["gc"],
      ["source", "push", "disk", "--repo", "films", "-m", "m"],
    ] { try expectBadInput(arguments + ["--author", author]) }
  }
}
