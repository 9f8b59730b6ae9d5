import Foundation
import TestSupport
import Testing

/// `sheaf serve` as an operator meets it.
@Suite struct ServeTests {
  private func serve(_ arguments: [String]) throws -> ProgramResult {
    try runProgram(
      try GatewayProcess.binary, ["serve"] + arguments, environment: ["SWIFT_BACKTRACE": "enable=no"])
  }

  private func temporary() -> String { NSTemporaryDirectory() + "sheaf-serve-" + UUID().uuidString }

  @Test(
    "when it is ready it says so in one line with the page and upload URLs; SIGTERM ends it with status 0")
  func readyAndStop() throws {
    let server = try GatewayProcess()
    try server.start()
    #expect(try server.request("GET", "/healthz").status == 200)
    #expect(server.stop() == 0)
  }

  @Test("a second server on the same data folder is refused with status 2 and one line")
  func secondServer() throws {
    let server = try GatewayProcess()
    try server.start()
    let second = try serve(["--data", server.dataFolder, "--port", "0"])
    #expect(second.status == 2)
    #expect(second.errors.contains("in use"))
    #expect(second.errors.split(separator: "\n").count == 1)
    #expect(try server.request("GET", "/healthz").status == 200)
  }

  @Test("D48 a taken port is refused with status 2 and one line, and the data folder is not touched")
  func takenPort() throws {
    let server = try GatewayProcess()
    try server.start()
    let folder = temporary()
    let second = try serve(["--data", folder, "--port", String(server.port)])
    #expect(second.status == 2)
    #expect(second.errors.contains("port \(server.port)"))
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test(
    "a folder of another format, or of something else, is refused with status 2 and left as it was",
    arguments: ["sheaf 2\n", nil])
  func foreignFolder(format: String?) throws {
    let folder = temporary()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let name = format == nil ? "holiday.jpg" : "format"
    try Data((format ?? "x").utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    let result = try serve(["--data", folder, "--port", "0"])
    #expect(result.status == 2)
    #expect(result.errors.contains(folder))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [name])
  }

  @Test("an address others can reach needs --insecure", arguments: ["0.0.0.0", "::"])
  func openAddress(host: String) throws {
    let folder = temporary()
    let result = try serve(["--data", folder, "--host", host, "--port", "0"])
    #expect(result.status == 2)
    #expect(result.errors.contains("--insecure"))
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test("draining refuses new uploads with 503 and Retry-After, and keeps what a running PATCH has")
  func drain() throws {
    let server = try GatewayProcess(arguments: ["--small-upload-bytes", "0"])
    try server.start()
    let created = try server.request(
      "POST", "/files/", ["Tus-Resumable": "1.0.0", "Upload-Length": "1000"], body: [])
    let location = try #require(created.headers["location"])
    let path = try #require(URL(string: location)).path
    let idle = try server.connect()
    #expect(try idle.request("GET", "/healthz").status == 200)
    let holder = try server.connect()
    try holder.send(
      RawConnection.head(
        "PATCH", path,
        ["Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"],
        length: 1000))
    try holder.send([UInt8](repeating: 7, count: 400))
    try eventually("400 bytes stored") { try server.json("GET", path).object["offset"] as? Int == 400 }
    #expect(server.stop() == 0)
    let answer = try holder.answer()
    #expect(answer.status == 503)
    #expect(answer.headers["retry-after"] != nil)
    try server.start()
    #expect(try server.request("HEAD", path, ["Tus-Resumable": "1.0.0"]).headers["upload-offset"] == "400")
  }
}
