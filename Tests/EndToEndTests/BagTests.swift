import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// Bags both ways between Sheaf and the Library of Congress's own program.
@Suite struct BagTests {
  private static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]
  private static let hint: Comment = "needs TEST_PYTHON, a Python with bagit; .ci/test installs it"

  private func run(_ script: String, _ arguments: [String], in folder: TemporaryFolder) throws
    -> ProgramResult
  {
    try RunningProgram(
      try #require(Self.python), ["-c", script] + arguments,
      environment: ["LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"],
      workingFolder: folder.path
    ).wait()
  }

  /// Algorithms and contents of a bag that bagit-python has validated.
  private func validated(_ bag: String, in folder: TemporaryFolder) throws -> [String: Any] {
    let script = """
      import bagit, json, sys
      bag = bagit.Bag(sys.argv[1])
      bag.validate()
      print(json.dumps({'algorithms': sorted(bag.algorithms), 'info': bag.info,
                        'files': sorted(bag.payload_files()), 'version': bag.version}))
      """
    let result = try run(script, [bag], in: folder)
    try #require(result.status == 0, "\(result)")
    return try result.object
  }

  /// Without the one name that bagit-python 1.9.0 reads otherwise than the RFC says.
  private func history() throws -> BundleHistory {
    let history = try BundleHistory()
    try FileManager.default.removeItem(atPath: history.machine.source + "50% ü")
    try history.machine.folder.write("odd name", to: "source/ü/a  b'\"")
    let result = try history.ask([
      "push", history.machine.source, "--repo", "docs", "-m", "line one\nline two",
    ])
    try #require(result.status == 0, "\(result)")
    return history
  }

  @Test(
    "a bundle exported as a bag is valid for bagit-python, and an interrupted export goes on",
    .enabled(if: python != nil, hint))
  func export() throws {
    let history = try history()
    let folder = history.machine.folder
    // What an interrupted export leaves: a file in its place, and the notes.
    try folder.write("after", to: "bag/data/changed")
    try folder.write("", to: "bag/.sheaf/bag/lock")
    let result = try history.ask(["bag", "export", "docs@latest", "--to", "bag"])
    try #require(result.status == 0, "\(result)")
    let bag = try validated("bag", in: folder)
    #expect(bag["version"] as? String == "1.0")
    #expect(bag["algorithms"] as? [String] == ["sha256", "sha512"])
    let info = try #require(bag["info"] as? [String: Any])
    let tree = try ClientMachine.tree(history.machine.source)
    #expect(
      info["Payload-Oxum"] as? String
        == "\(try folder.bytes(of: "source/large.bin").count + 120_000 + 5 + 8 + 3 + 4 + 6 + 8).\(tree.count)"
    )
    #expect((info["External-Identifier"] as? String)?.hasPrefix("docs@") == true)
    #expect(info["Internal-Sender-Description"] as? String == "line one line two")
    #expect(try ClientMachine.tree(folder.child("bag/data")).mapValues(\.digest) == tree.mapValues(\.digest))
    #expect(!folder.exists("bag/.sheaf"))
    try #require(try history.ask(["pull", "docs@one", "--to", "pulled"]).status == 0)
    let before = try folder.listing()
    for (target, reason) in [
      ("bag", "not empty"), ("source", "not empty"), ("source/same", "no folder"), ("pulled", "not empty"),
    ] {
      let refused = try history.ask(["bag", "export", "docs@latest", "--to", target])
      #expect(refused.status == 2 && refused.errors.contains(reason), "\(refused)")
      #expect(!refused.errors.contains("not valid"), "\(refused)")
    }
    #expect(try folder.listing() == before)
  }

  @Test("the streamed bag is valid for bagit-python", .enabled(if: python != nil, hint))
  func streamed() throws {
    let history = try history()
    let folder = history.machine.folder
    let answer = try history.server.request("GET", history.target("latest", ".bag.tar"))
    #expect(answer.status == 200)
    #expect(answer.headers["content-disposition"]?.contains("docs-3.bag.tar") == true)
    try folder.write(answer.body, to: "bag.tar")
    let tar = try run("import tarfile; tarfile.open('bag.tar', 'r:').extractall('.')", [], in: folder)
    try #require(tar.status == 0, "\(tar)")
    let bag = try validated("docs-3", in: folder)
    #expect(bag["algorithms"] as? [String] == ["sha256"])
    #expect((bag["files"] as? [String])?.count == (try ClientMachine.tree(history.machine.source)).count)
  }

  @Test("a percent sign in a path is encoded in the manifest and comes back by Sheaf's own import")
  func percent() throws {
    let history = try BundleHistory()
    let folder = history.machine.folder
    #expect(try history.ask(["bag", "export", "docs@two", "--to", "bag"]).status == 0)
    #expect(try folder.text(of: "bag/manifest-sha256.txt").contains("  data/50%25 ü/a b\n"))
    let result = try history.ask(["bag", "import", "bag", "--repo", "docs", "-m", "back", "--author", "Ann"])
    #expect(result.status == 0, "\(result)")
    #expect(
      try history.ask(["bundle", "show", "docs@latest", "--json"]).object["author"] as? String == "Ann")
    #expect(try history.ask(["diff", "docs@two", "latest"]).status == 0)
  }

  @Test(
    "a bag made by bagit-python becomes a bundle, and a damaged one sends nothing",
    .enabled(if: python != nil, hint))
  func importing() throws {
    let history = try history()
    let folder = history.machine.folder
    let tree = try ClientMachine.tree(history.machine.source)
    let script = """
      import bagit, sys
      bagit.make_bag(sys.argv[1], {'Contact-Name': 'me'}, checksums=sys.argv[2:])
      """
    let made = try run(script, ["source", "sha256", "sha512", "md5"], in: folder)
    try #require(made.status == 0, "\(made)")
    let result = try history.ask([
      "bag", "import", "source", "--repo", "bags", "-m", "taken in", "--label", "v1", "--json",
    ])
    #expect(result.status == 0, "\(result)")
    #expect(try history.ask(["pull", "bags@v1", "--to", "copy"]).status == 0)
    #expect(try ClientMachine.tree(folder.child("copy")).mapValues(\.digest) == tree.mapValues(\.digest))

    let pushes = try history.server.items("/api/v1/pushes").count
    try folder.write("afteR", to: "source/data/changed")
    let refused = try history.ask(["bag", "import", "source", "--repo", "bags", "-m", "damaged"])
    #expect(refused.status == 2)
    #expect(refused.errors.contains("\"data/changed\" does not match manifest-sha256.txt"), "\(refused)")
    #expect(try history.server.items("/api/v1/pushes").count == pushes)
    #expect(
      try history.ask(["bag", "import", "copy", "--repo", "bags", "-m", "none"]).errors.contains("bagit.txt"))
  }
}
