import Foundation
import TestSupport
import Testing
import Vocabulary

/// Every way to be refused is told in the same words.
@Suite struct ProblemResponseTests {
  private static let none = "00000000000000000000000000"

  private struct Case {
    let status: Int
    let code: String
    let request: String
    init(_ status: Int, _ code: String, _ request: String) {
      self.status = status
      self.code = code
      self.request = request
    }
  }

  private static let tus = "Tus-Resumable: 1.0.0\r\n"
  private static let cases: [Case] = [
    Case(404, "not-found", "GET /nothing HTTP/1.1\r\n"),
    Case(404, "not-found", "GET /api/v1/pushes/x HTTP/1.1\r\n"),
    Case(404, "not-found", "GET /files/\(none) HTTP/1.1\r\n"),
    Case(404, "not-found", "PATCH /files/../x HTTP/1.1\r\n\(tus)"),
    Case(405, "method-not-allowed", "DELETE /api/v1/pushes HTTP/1.1\r\n"),
    Case(405, "method-not-allowed", "PUT /healthz HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"),
    Case(405, "method-not-allowed", "POST /files/\(none)/digest HTTP/1.1\r\n"),
    Case(405, "method-not-allowed", "PATCH /files/ HTTP/1.1\r\n\(tus)"),
    Case(400, "bad-request", "GET /api/v1/pushes?limit=0 HTTP/1.1\r\n"),
    Case(
      400, "bad-request",
      "POST /api/v1/repos HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{"),
    Case(
      413, "too-large",
      "POST /api/v1/repos HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n"),
    Case(
      415, "unsupported-media-type",
      "POST /api/v1/repos HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\n{"),
    Case(
      400, "bad-metadata", "POST /files/ HTTP/1.1\r\n\(tus)Upload-Length: 1\r\nUpload-Metadata: a b c\r\n"),
    Case(412, "unsupported-version", "POST /files/ HTTP/1.1\r\nTus-Resumable: 0.2.2\r\nUpload-Length: 1\r\n"),
    Case(431, "headers-too-large", "GET / HTTP/1.1\r\nX-A: \(String(repeating: "a", count: 70000))\r\n"),
    Case(400, "bad-request", "FOO / HTTP/1.1\r\n"),
    Case(400, "bad-request", "GET / HTTP/9.9\r\n"),
  ]

  @Test("every refusal is a whole problem document with the request id, and its type leads to its row")
  func documents() throws {
    let server = try GatewayProcess.running()
    for one in Self.cases {
      let connection = try server.connect()
      let hasBody = one.request.contains("\r\n\r\n")
      try connection.send(
        hasBody
          ? one.request.replacingOccurrences(of: " HTTP/1.1\r\n", with: " HTTP/1.1\r\nHost: localhost\r\n")
          : one.request + "Host: localhost\r\n\r\n")
      let answer = try connection.answer()
      #expect(answer.status == one.status, "\(one.request.prefix(80))")
      #expect(answer.headers["content-type"] == "application/problem+json", "\(one.request.prefix(80))")
      let document = try #require(
        try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any],
        "\(one.request.prefix(80))")
      #expect(document["code"] as? String == one.code, "\(one.request.prefix(80))")
      #expect(document["status"] as? Int == one.status)
      #expect((document["title"] as? String)?.isEmpty == false)
      #expect((document["detail"] as? String)?.isEmpty == false)
      #expect(document["retryable"] is Bool)
      let id = try #require(answer.headers["x-request-id"])
      #expect(document["request-id"] as? String == id)
      let row = try server.request("GET", try #require(document["type"] as? String))
      #expect(row.status == 200)
      #expect(try JSONSerialization.jsonObject(with: Data(row.body)) as? [String: Any] != nil)
      #expect(row.code == one.code)
      if one.status == 405 { #expect(answer.headers["allow"]?.contains("OPTIONS") == true) }
      try eventually("the log line of \(id)") { try log(server).contains("request=\(id)") }
    }
  }

  private func log(_ server: GatewayProcess) throws -> String {
    try String(contentsOfFile: server.dataFolder + ".log", encoding: .utf8)
  }

  @Test("a HEAD that is refused has no content, and its code in Upload-Error")
  func heads() throws {
    let server = try GatewayProcess.running()
    let connection = try server.connect()
    for (status, code, path) in [
      (404, "not-found", "/files/\(Self.none)"), (404, "not-found", "/api/v1/pushes/x"),
      (404, "not-found", "/nothing"), (404, "not-found", "/ui/pushes/x"),
      (405, "method-not-allowed", "/api/v1/pushes/x/seal"), (400, "bad-request", "/api/v1/pushes?limit=x"),
    ] {
      try connection.send(RawConnection.head("HEAD", path, [:], length: nil))
      let answer = try connection.answer(isHead: true)
      #expect(answer.status == status, "\(path)")
      #expect(answer.headers["upload-error"] == code, "\(path)")
      #expect(answer.headers["x-request-id"] != nil, "\(path)")
    }
    // The connection is still in step: nothing but heads came.
    #expect(try connection.request("GET", "/healthz").text == "{\"status\":\"ok\"}\n")
  }

  @Test("HEAD answers as GET does, without content")
  func headOfEverything() throws {
    let server = try GatewayProcess.running()
    let connection = try server.connect()
    for path in ["/api/v1/pushes", "/api/v1/status", "/api/v1/repos", "/problems", "/api/v1/openapi.json"] {
      try connection.send(RawConnection.head("HEAD", path, [:], length: nil))
      let answer = try connection.answer(isHead: true)
      #expect(answer.status == 200, "\(path)")
      #expect(answer.headers["content-type"] == "application/json", "\(path)")
    }
    try connection.send(RawConnection.head("HEAD", "/api/v1/events", [:], length: nil))
    let events = try connection.answer(isHead: true)
    #expect(events.status == 204 && events.headers["content-length"] == nil)
    #expect(try connection.request("GET", "/healthz").status == 200)
  }

  @Test("OPTIONS tells the methods of what is there")
  func options() throws {
    let server = try GatewayProcess.running()
    for (path, methods) in [
      ("/api/v1/pushes", "GET, HEAD, OPTIONS, POST"), ("/healthz", "GET, HEAD, OPTIONS"),
      ("/api/v1/pushes/x/seal", "OPTIONS, POST"),
    ] {
      let answer = try server.request("OPTIONS", path)
      #expect(answer.status == 204 && answer.headers["allow"] == methods, "\(path)")
    }
    #expect(try server.request("OPTIONS", "*").status == 204)
    #expect(try server.request("OPTIONS", "/nothing").status == 404)
  }

  @Test("pages stay pages: an error below /ui is HTML, and so is the table of problems for a browser")
  func pages() throws {
    let server = try GatewayProcess.running()
    for path in ["/ui/nothing", "/ui/pushes/x"] {
      let answer = try server.request("GET", path)
      #expect(answer.status == 404 && answer.headers["content-type"] == "text/html; charset=utf-8")
      #expect(answer.text.contains(try #require(answer.headers["x-request-id"])))
    }
    let table = try server.request("GET", "/problems", ["Accept": "text/html,*/*;q=0.8"])
    #expect(table.headers["content-type"] == "text/html; charset=utf-8")
    for problem in Problem.allCases { #expect(table.text.contains("/problems/\(problem.code)\"")) }
    #expect(try server.request("GET", "/problems/nothing").status == 404)
  }

  @Test("a request id of the client is taken when it is short and plain, else replaced")
  func requestIDs() throws {
    let server = try GatewayProcess.running()
    for path in ["/healthz", "/nothing", "/files/\(Self.none)"] {
      let own = try server.request("GET", path, ["X-Request-ID": "0190-abc-DEF"])
      #expect(own.headers["x-request-id"] == "0190-abc-DEF")
      for bad in [String(repeating: "a", count: 37), "a b", "a\"b", "<x>", ""] {
        let answer = try server.request("GET", path, ["X-Request-ID": bad])
        #expect(answer.headers["x-request-id"]?.count == 16, "\(bad)")
      }
    }
  }

  @Test("B-34 no log line has the whole id of an upload")
  func ids() throws {
    let server = try GatewayProcess.running()
    let path = try server.upload(length: 10)
    let id = String(path.dropFirst("/files/".count))
    for (method, path) in [
      ("GET", "\(path)/nothing"), ("PUT", path), ("PATCH", path), ("GET", "\(path)/digest?to=11"),
      ("DELETE", path),
      ("DELETE", path),
    ] {
      _ = try server.request(method, path, TusRequests.version)
    }
    try eventually("the log has the refusals") { try log(server).contains("code=gone") }
    #expect(try !log(server).contains(id))
    #expect(try log(server).contains(id.prefix(13)))
  }
}
