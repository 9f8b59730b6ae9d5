import Foundation
import Platform
import TestSupport
import Testing

/// Bytes on their way back that break off, or are not what they should be.
@Suite struct PullFaultTests {
  private static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]
  private static let hint: Comment = "needs TEST_PYTHON, a Python; .ci/test installs it"

  @Test(
    "D31 connections that are reset in the middle of answers do not fail a pull, and no byte of a large file comes twice",
    .enabled(if: python != nil, hint))
  func connectionsReset() throws {
    let server = try GatewayProcess.running()
    let machine = try ClientMachine()
    var random = SeededRandom(seed: 11)
    for number in 0..<200 {
      try machine.folder.write(random.bytes(1 + number * 40), to: "source/small/\(number)")
    }
    for number in 1...3 { try machine.writeLarge("large\(number)", mebibytes: 4, seed: UInt64(number)) }
    let pushed = try machine.ask(server, ["push", machine.source, "--repo", "r", "-m", "m", "--json"])
    try #require(pushed.status == 0, "\(pushed)")
    let proxy = try FaultProxy(
      python: try #require(Self.python), target: server.port, cutBytes: 300_000, cuts: 6, inAnswers: true)
    let result = try machine.run([
      "pull", "r@latest", "--to", "copy", "--json", "--server", "http://127.0.0.1:\(proxy.port)",
    ])
    try #require(result.status == 0, "\(result)")
    #expect(
      try ClientMachine.tree(machine.folder.child("copy")).mapValues(\.digest)
        == ClientMachine.tree(machine.source).mapValues(\.digest))
    #expect(try result.number("bytesFetched") == pushed.number("bytes"))
  }

  @Test(
    "D23 bundle cat ends with 1 when what arrived is not what was declared", .enabled(if: python != nil, hint)
  )
  func wrongDigest() throws {
    let server = try RunningProgram(
      try #require(Self.python), [try Script.path("wrong_digest.py")], environment: ["PATH": "/usr/bin:/bin"],
      workingFolder: NSTemporaryDirectory())
    var port: Int?
    try eventually("the server tells its port") {
      port = Int(
        String(decoding: try server.bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
      return port != nil
    }
    let result = try ClientMachine().run([
      "bundle", "cat", "r@latest", "a", "--server", "http://127.0.0.1:\(try #require(port))",
    ])
    #expect(result.status == 1 && result.output == "not what was declared", "\(result)")
    #expect(result.errors.contains("did not declare") && result.errors.split(separator: "\n").count == 1)
    withExtendedLifetime(server) {}
  }

  @Test("D32 a link to a folder is compared as the folder it leads to")
  func linkedFolder() throws {
    let history = try BundleHistory()
    try FileManager.default.createSymbolicLink(
      atPath: history.machine.folder.child("link"),
      withDestinationPath: history.machine.folder.child("source"))
    for arguments in [["diff", "docs@two", "--dir", "link"], ["verify", "docs@two", "--dir", "link"]] {
      let result = try history.ask(arguments)
      #expect(result.status == 0, "\(result)")
    }
    let refused = try history.ask(["diff", "docs@two", "--dir", "source/same"])
    #expect(refused.status == 2 && refused.errors.contains("is not a folder"), "\(refused)")
  }
}
