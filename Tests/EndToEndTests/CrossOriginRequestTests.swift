import Foundation
import TestSupport
import Testing

/// What a browser would be told, over the socket.
@Suite struct CrossOriginRequestTests {
  private static let app = "https://app.example"

  private func browser(_ server: GatewayProcess, _ method: String, _ path: String, origin: String = app)
    throws -> RawConnection.Answer
  {
    try server.request(
      method, path, ["Origin": origin, "Sec-Fetch-Site": "cross-site", "Tus-Resumable": "1.0.0"])
  }

  private func preflight(_ server: GatewayProcess, _ path: String, origin: String = app) throws
    -> RawConnection.Answer
  {
    try server.request("OPTIONS", path, ["Origin": origin, "Access-Control-Request-Method": "PATCH"])
  }

  private func controls(_ answer: RawConnection.Answer) -> [String] {
    answer.headers.keys.filter { $0.hasPrefix("access-control-") }.sorted()
  }

  @Test("A-19 an allowed page may do everything a client does, and reads every answer, errors too")
  func allowed() throws {
    let server = try GatewayProcess.running(["--allowed-origins", Self.app])
    for path in ["/files/", "/files/0", "/api/v1/pushes"] {
      let answer = try preflight(server, path)
      #expect(answer.status == 204 && answer.headers["access-control-allow-origin"] == Self.app)
      #expect(answer.headers["access-control-max-age"] == "86400" && answer.headers["vary"] == "Origin")
    }
    let upload = try server.request(
      "POST", "/files/",
      [
        "Origin": Self.app, "Sec-Fetch-Site": "cross-site", "Tus-Resumable": "1.0.0", "Upload-Length": "3",
      ], body: [])
    #expect(upload.status == 201)
    let path = try #require(URL(string: upload.headers["location"] ?? "")).path
    let wrong = try server.request(
      "PATCH", path,
      [
        "Origin": Self.app, "Sec-Fetch-Site": "cross-site", "Tus-Resumable": "1.0.0", "Upload-Offset": "2",
        "Content-Type": "application/offset+octet-stream",
      ], body: [1])
    var answers = [(201, upload), (409, wrong)]
    for (status, method, path) in [
      (404, "GET", "/api/v1/pushes/x"), (405, "DELETE", "/api/v1/pushes"), (405, "PATCH", "/files/"),
      (404, "HEAD", "/files/00000000000000000000000000"), (200, "GET", "/client/sheaf.js"),
      (200, "GET", "/api/v1/status"), (204, "OPTIONS", "/files/"),
    ] {
      let connection = try server.connect()
      try connection.send(
        RawConnection.head(
          method, path,
          ["Origin": Self.app, "Sec-Fetch-Site": "cross-site", "Tus-Resumable": "1.0.0"], length: nil))
      answers.append((status, try connection.answer(isHead: method == "HEAD")))
    }
    for (status, answer) in answers {
      #expect(answer.status == status, "\(answer.text)")
      #expect(answer.headers["access-control-allow-origin"] == Self.app, "\(status)")
      #expect(answer.headers["access-control-expose-headers"]?.contains("Upload-Offset") == true)
      #expect(answer.headers["access-control-allow-credentials"] == nil)
    }
    #expect(try browser(server, "OPTIONS", "/files/").headers["tus-version"] == "1.0.0")
  }

  @Test("a page of another origin changes nothing and is told nothing; null is never reflected")
  func foreign() throws {
    for arguments in [[], ["--allowed-origins", Self.app], ["--allowed-origins", "*"]] {
      let server = try GatewayProcess.running(arguments)
      let origins = arguments.last == "*" ? ["null"] : ["https://evil.example", "null"]
      for origin in origins {
        for answer in [
          try preflight(server, "/files/", origin: origin),
          try preflight(server, "/api/v1/pushes", origin: origin),
          try browser(server, "POST", "/files/", origin: origin),
          try browser(server, "DELETE", "/files/00000000000000000000000000", origin: origin),
          try browser(server, "POST", "/api/v1/repos", origin: origin),
        ] {
          #expect(answer.status == 403 && answer.code == "forbidden-origin", "\(answer.text)")
          #expect(controls(answer) == [])
        }
        let read = try browser(server, "GET", "/api/v1/status", origin: origin)
        #expect(read.status == 200 && controls(read) == [])
      }
    }
  }

  @Test("B-27 a GET that is overridden to be a DELETE is refused to a foreign page")
  func override() throws {
    let server = try GatewayProcess.running()
    let path = try server.upload(length: 3)
    for method in ["GET", "POST"] {
      let answer = try server.request(
        method, path,
        ["Origin": "https://evil.example", "X-HTTP-Method-Override": "DELETE", "Tus-Resumable": "1.0.0"])
      #expect(answer.status == 403, "\(method)")
    }
    #expect(try server.offset(of: path) == 0)
  }

  @Test("an allowed origin still cannot press the buttons of the pages")
  func pages() throws {
    let server = try GatewayProcess.running(["--allowed-origins", Self.app])
    let answer = try browser(server, "POST", "/ui/pushes/00000000000000000000000000/seal")
    #expect(answer.status == 403 && controls(answer) == [])
  }

  @Test("credentials for any site are refused at the start")
  func credentials() throws {
    let result = try runProgram(
      GatewayProcess.binary,
      ["serve", "--allowed-origins", "*", "--allow-credentials", "--data", "/nonexistent"])
    #expect(result.status == 2)
    #expect(result.errors.contains("server.allowCredentials") && result.errors.contains("list the origins"))
  }
}
