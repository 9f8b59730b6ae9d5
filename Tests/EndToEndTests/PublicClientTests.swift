import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// Unmodified public clients against the built server.
@Suite struct PublicClientTests {
  /// The Python with the packages `.ci/test` installs.
  private static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]
  private static let hint: Comment = "needs TEST_PYTHON, a Python with tuspy; .ci/test installs it"

  @Test(
    "T-1 tuspy sends a file in chunks, stops, and resumes with a new client object",
    .enabled(if: python != nil, hint), arguments: [0, 3])
  func tuspy(stopAfterChunks: Int) throws {
    let server = try GatewayProcess()
    try server.start()
    try upload(to: server, port: server.port, stopAfterChunks: stopAfterChunks)
  }

  @Test(
    "T-13 tuspy gets its file through a proxy that resets connections in the middle of bodies",
    .enabled(if: python != nil, hint))
  func tuspyThroughFaults() throws {
    let server = try GatewayProcess()
    try server.start()
    let proxy = try FaultProxy(
      python: try #require(Self.python), target: server.port, cutBytes: 200_000, cuts: 2)
    try upload(to: server, port: proxy.port, stopAfterChunks: 0)
  }

  private func upload(to server: GatewayProcess, port: Int, stopAfterChunks: Int) throws {
    var random = SeededRandom(seed: UInt64(stopAfterChunks) + 5)
    let bytes = random.bytes(2_500_000)
    let folder = NSTemporaryDirectory() + "sheaf-tuspy-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = folder + "/Übertragung 1.bin"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    let result = try runProgram(
      try #require(Self.python),
      [
        try Script.path("tuspy_upload.py"), "http://127.0.0.1:\(port)/files/", file, "300000",
        String(stopAfterChunks),
      ])
    try #require(result.status == 0, "\(result.output)\(result.errors)")
    let url = try #require(URL(string: result.output.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(try server.request("GET", url.path).body == bytes)
    // Without a push it becomes a bundle of its own in inbox.
    try eventually("a bundle in inbox") {
      try !((server.json("GET", "/api/v1/repos/inbox/bundles").object["items"] as? [Any]) ?? []).isEmpty
    }
    let files =
      try server.json("GET", "/api/v1/repos/inbox/bundles/latest/files").object["items"] as? [[String: Any]]
    #expect(files?.first?["path"] as? String == "Übertragung 1.bin")
    #expect(files?.first?["sha256"] as? String == SHA256Stream.digest(of: bytes).hex)
  }
}

/// The Python scripts beside the tests.
enum Script {
  static func path(_ name: String, file: String = #filePath) throws -> String {
    URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Scripts/\(name)").path
  }
}

/// `fault_proxy.py` as a child process.
final class FaultProxy {
  let port: Int
  private let process = ChildProcess()

  /// - Parameter inAnswers: the bytes that count are the server's.
  init(python: String, target: Int, cutBytes: Int, cuts: Int, inAnswers: Bool = false) throws {
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments =
      [try Script.path("fault_proxy.py"), String(target), String(cutBytes), String(cuts)]
      + (inAnswers ? ["answers"] : [])
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let line = String(decoding: try output.fileHandleForReading.nextData(), as: UTF8.self)
    port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
  }
  deinit {
    // Not SIGTERM: the child inherits the signal mask of a worker thread, which blocks it.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}
