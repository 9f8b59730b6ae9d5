import Foundation
import TestSupport
import Testing

/// The built server behind a real proxy, which runs with its configuration in docs/operations.
///
/// Clients connect from 127.0.0.2 and the proxy from 127.0.0.1, so that they can be told apart.
final class ProxiedGateway {
  static let trusting = ["--trusted-proxies", "127.0.0.1", "--small-upload-bytes", "0"]

  let gateway: GatewayProcess
  let place: ProxyPlace
  private let process = ChildProcess()

  /// - Parameter socket: a unix socket the proxy is to use in place of the gateway's port.
  init(_ program: ProxyProgram, _ arguments: [String] = trusting, socket: String? = nil) throws {
    let path = try program.installed()
    gateway = try GatewayProcess.running(arguments)
    place = try ProxyPlace()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = program.arguments(try configure(program, socket), folder: place.folder)
    process.environment = ["PATH": "/usr/bin:/bin", "HOME": place.folder]
    let log = place.folder + "/output"
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    process.standardOutput = FileHandle(forWritingAtPath: log)
    process.standardError = FileHandle(forWritingAtPath: log)
    try process.run()
    for _ in 0..<6_000 where process.isRunning {
      if (try? request("GET", "/readyz").status) == 200 { return }
      usleep(10_000)
    }
    throw Failure(text: try String(contentsOfFile: log, encoding: .utf8))
  }
  deinit {
    // Not SIGTERM: the child inherits the signal mask of a worker thread, which blocks it.
    if process.isRunning {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    try? FileManager.default.removeItem(atPath: place.folder)
  }

  struct Failure: Error {
    let text: String
  }

  private func configure(_ program: ProxyProgram, _ socket: String?) throws -> String {
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../docs/operations/\(program.configuration)")
    var text = try String(contentsOf: source, encoding: .utf8)
    if let socket { text = try program.withUnixSocket(text, socket) }
    func replace(_ old: String, _ new: String) throws {
      try #require(text.contains(old), "\(program.configuration) has no \(old)")
      text = text.replacing(old, with: new)
    }
    for (old, new) in program.replacements(place) { try replace(old, new) }
    if socket == nil { try replace("127.0.0.1:8773", "127.0.0.1:\(gateway.port)") }
    let file = "\(place.folder)/\(program.configuration)"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }

  /// A client's connection to the proxy.
  func connect() throws -> RawConnection { try RawConnection(port: place.port, from: 2) }

  func request(
    _ method: String, _ target: String, _ headers: KeyValuePairs<String, String> = [:], body: [UInt8]? = nil
  ) throws -> RawConnection.Answer {
    try connect().request(method, target, headers, body: body)
  }

  /// The path of a new upload that was created through the proxy.
  func upload(length: Int) throws -> String {
    let answer = try request(
      "POST", "/files/", ["Tus-Resumable": "1.0.0", "Upload-Length": String(length)], body: [])
    try #require(answer.status == 201, "\(answer)")
    let location = try #require(answer.headers["location"])
    return try #require(URL(string: location)).path
  }

  /// What the gateway has of an upload, asked beside the proxy.
  func stored(_ path: String) throws -> Int? { try gateway.json("GET", path).object["offset"] as? Int }

  /// The SHA-256 of an upload once its content is hashed.
  func digest(_ path: String) throws -> String? {
    var digest: String?
    try eventually("\(path) is verified") {
      let answer = try request("GET", path, ["Accept": "application/json"])
      let upload = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
      digest = upload?["digest"] as? String
      return digest != nil
    }
    return digest
  }

  /// The clients of the requests that are sending, as `GET /api/v1/status` names them.
  func sendingClients() throws -> [String?] {
    let uploads = try gateway.json("GET", "/api/v1/status").object["uploads"] as? [String: Any]
    return try #require(uploads?["active"] as? [[String: Any]]).map { $0["client"] as? String }
  }

  /// A request through TLS and HTTP/2.
  func curl(_ arguments: [String]) throws -> ProgramResult {
    try runProgram(
      "/usr/bin/curl",
      ["--silent", "--insecure", "--http2", "--interface", "127.0.0.2", "--max-time", "30"] + arguments)
  }
}
