import Foundation
import TestSupport
import Testing

/// Listeners other than a TCP port of the server's own.
@Suite(.serialized) struct ListeningTests {
  private func folder() throws -> String {
    let folder = NSTemporaryDirectory() + "sheaf-l-" + UUID().uuidString.prefix(8)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }

  private func get(_ socket: String) throws -> String {
    try runProgram(
      "/usr/bin/curl",
      [
        "-s", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", socket,
        "http://localhost/healthz",
      ]
    ).output
  }

  @Test("a unix socket serves, has mode 0660, and is gone after the server")
  func unixSocket() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let socket = "\(folder)/s"
    let server = try GatewayProcess.running(["--unix-socket", socket])
    #expect(try get(socket) == "200")
    let attributes = try FileManager.default.attributesOfItem(atPath: socket)
    #expect(attributes[.posixPermissions] as? Int == 0o660)
    #expect(server.stop() == 0)
    #expect(!FileManager.default.fileExists(atPath: socket))
  }

  @Test("the socket file of a dead server is replaced, that of a living one and any other file are refused")
  func staleSocket() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let socket = "\(folder)/s"
    let server = try GatewayProcess.running(["--unix-socket", socket])
    let second = try serve(socket, data: "\(folder)/data")
    #expect(second.status == 2 && second.errors.contains("another server"), "\(second)")
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/data"))
    server.crash()
    #expect(FileManager.default.fileExists(atPath: socket))
    try server.start()
    #expect(try get(socket) == "200")
    let file = "\(folder)/file"
    try Data("mine".utf8).write(to: URL(fileURLWithPath: file))
    let third = try serve(file, data: "\(folder)/data")
    #expect(third.status == 2 && third.errors.contains("no socket"), "\(third)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == Data("mine".utf8))
  }

  private func serve(_ socket: String, data: String) throws -> ProgramResult {
    try runProgram(
      try GatewayProcess.binary, ["serve", "--data", data, "--unix-socket", socket],
      environment: ["SWIFT_BACKTRACE": "enable=no"])
  }

  @Test(
    "listening sockets that are handed over are used instead of binding; those of another process are not",
    .enabled(if: HTTP2Tests.python != nil, HTTP2Tests.hint), arguments: ["tcp", "unix", "other", "file"])
  func handedOver(kind: String) throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let result = try runProgram(
      try #require(HTTP2Tests.python),
      [Self.script, kind, folder, try GatewayProcess.binary], environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(result.status == 0 && result.output == "ok\n", "\(result.errors.suffix(2000))")
  }

  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Scripts/socket_activation.py").path
}
