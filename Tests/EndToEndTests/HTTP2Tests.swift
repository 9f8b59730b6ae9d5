import Foundation
import TestSupport
import Testing

/// What a client that sees every frame can tell of the server; the laws are in `Scripts/http2_laws.py`.
@Suite(.serialized) struct HTTP2Tests {
  static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]
  static let hint: Comment = "needs TEST_PYTHON, a Python with h2; .ci/test installs it"
  static let laws = [
    ("early_refusal", "T-24 a refused body is answered at once, and only its stream ends, with NO_ERROR"),
    ("takeover", "R-42 a newer request resets the stream of the older one, and no other"),
    ("client_reset", "A.2 a stream the client resets is a broken connection to its upload"),
    ("side_by_side", "A.9 forty uploads on one connection store their own bytes"),
    ("windows", "A.10 the windows and the number of streams are large and have an end"),
    ("continues", "R-11 100 goes out before the content"),
    ("trailers", "a trailer section ends a body"),
    ("large_trailers", "a trailer section that is too large is refused"),
    ("routed", "pages and API work; HEAD has no body"),
    ("refused_head", "a head that is no request ends its stream and nothing else"),
    ("rapid_reset", "a client that resets streams without end is sent away"),
  ]

  @Test("the laws of HTTP/2 hold", .enabled(if: python != nil, hint), arguments: laws, [false, true])
  func law(_ law: (String, String), isSecure: Bool) throws {
    let certificates = try Certificates()
    if isSecure { try certificates.make("first") }
    let server = try GatewayProcess.running(
      ["--small-upload-bytes", "0"] + (isSecure ? certificates.flags("first") : []))
    let result = try runProgram(
      try #require(Self.python),
      [Self.script, law.0, String(server.port)] + (isSecure ? [certificates.path("first.pem")] : []))
    #expect(result.status == 0 && result.output == "ok\n", "\(law.1): \(result.errors.suffix(2000))")
  }

  @Test("a drain says GOAWAY, answers 503 and ends with status 0", .enabled(if: python != nil, hint))
  func drain() throws {
    let server = try GatewayProcess.running(["--small-upload-bytes", "0"])
    let client = try LawProcess(python: try #require(Self.python), ["drain", String(server.port)])
    let path = try #require(try client.line().split(separator: " ").last)
    #expect(server.stop() == 0)
    #expect(try client.line() == "ok")
    try server.start()
    #expect(try server.offset(of: String(path)) == 400)
  }

  @Test("curl uploads and reads with prior knowledge")
  func curl() throws {
    let server = try GatewayProcess.running()
    let path = try server.upload(length: 5)
    let result = try runProgram(
      "/usr/bin/curl",
      [
        "-s", "-S", "--http2-prior-knowledge", "-w", "%{http_version} %{http_code}", "-X", "PATCH",
        "-H", "Tus-Resumable: 1.0.0", "-H", "Upload-Offset: 0",
        "-H", "Content-Type: application/offset+octet-stream", "--data-binary", "hello",
        server.baseURL + path,
      ])
    #expect(result.output == "2 204", "\(result)")
    #expect(try server.offset(of: path) == 5)
  }

  @Test("a request whose first bytes are those of the preface is HTTP/1.1 still")
  func beginsAlike() throws {
    let server = try GatewayProcess.running()
    let connection = try server.connect()
    try connection.send("P")
    try connection.send("RIME / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(try connection.answer().status == 400)
  }

  static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Scripts/http2_laws.py").path
}

/// A law whose script says something before it ends.
final class LawProcess {
  private let process = ChildProcess()
  private let output = Pipe()
  private let input = Pipe()
  private var text = ""

  init(python: String, _ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [HTTP2Tests.script] + arguments
    process.standardOutput = output
    process.standardInput = input
    try process.run()
  }
  deinit { process.terminate() }

  /// The next line of its output; the script has a time limit for everything it waits for.
  func line() throws -> String {
    while true {
      if let end = text.firstIndex(of: "\n") {
        defer { text = String(text[text.index(after: end)...]) }
        return String(text[..<end])
      }
      let data = try output.fileHandleForReading.nextData()
      if data.isEmpty { throw RawConnection.Failure.closed }
      text += String(decoding: data, as: UTF8.self)
    }
  }

  func goOn() throws { try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8)) }
}
