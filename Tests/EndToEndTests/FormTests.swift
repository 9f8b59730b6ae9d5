import Foundation
import TestSupport
import Testing
import Vocabulary

/// Files sent by forms, as browsers and `curl -F` send them, against the built server.
@Suite struct FormTests {
  private static let type = "multipart/form-data; boundary=XX"

  private func running() throws -> GatewayProcess {
    let server = try GatewayProcess()
    try server.start()
    return server
  }

  private func part(_ disposition: String, _ content: [UInt8]) -> [UInt8] {
    Array("--XX\r\nContent-Disposition: form-data; \(disposition)\r\n\r\n".utf8) + content + [13, 10]
  }
  private let end = Array("--XX--\r\n".utf8)

  private func send(_ server: GatewayProcess, _ body: [UInt8], query: String = "") throws -> (
    answer: RawConnection.Answer, items: [[String: Any]]
  ) {
    let answer = try server.request("POST", "/files/" + query, ["Content-Type": Self.type], body: body)
    let object = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
    return (answer, object?["items"] as? [[String: Any]] ?? [])
  }

  @Test("every file of a form becomes an upload, whatever its size")
  func files() throws {
    let server = try running()
    let large = (0..<1_500_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
    let (answer, items) = try send(
      server,
      part("name=\"note\"", Array("ignored".utf8))
        + part("name=\"f\"; filename=\"small.txt\"", Array("hello".utf8))
        + part("name=\"f\"; filename=\"large.bin\"", large) + part("name=\"f\"; filename=\"\"", []) + end)
    #expect(answer.status == 201 && answer.headers["location"] == nil)
    #expect(items.map { $0["filename"] as? String } == ["small.txt", "large.bin"])
    for (item, content) in zip(items, [Array("hello".utf8), large]) {
      let upload = try #require(item["upload"] as? [String: Any])
      let id = try #require(upload["id"] as? String)
      #expect(upload["offset"] as? Int == content.count && upload["length"] as? Int == content.count)
      try eventually("the upload is verified") {
        try server.request("GET", "/files/\(id)").body == content
      }
    }
  }

  @Test("curl -F sends a file, and gets its Location")
  func curl() throws {
    let server = try running()
    let path = NSTemporaryDirectory() + "sheaf-form-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    let content = [UInt8](repeating: 5, count: 300_000)
    try Data(content).write(to: URL(fileURLWithPath: path))
    let result = try runProgram(
      "/usr/bin/curl", ["-sS", "-D", "-", "-F", "file=@\(path);filename=a.bin", server.baseURL + "/files/"])
    #expect(result.status == 0 && result.output.contains("201 Created"), "\(result)")
    let location = try #require(result.output.firstMatch(of: /(?i)location: (\/files\/[a-z0-9]+)/)).1
    try eventually("the upload is verified") {
      try server.request("GET", String(location)).body == content
    }
  }

  @Test("fields apply to the file behind them, parameters to all")
  func fields() throws {
    let server = try running()
    let push = try #require(
      try server.json("POST", "/api/v1/pushes", ["repo": "form", "message": "m"]).object["id"] as? String)
    let (answer, items) = try send(
      server,
      part("name=path", Array("dir/a".utf8)) + part("name=mode", Array("0755".utf8))
        + part("name=f; filename=x", [1]) + part("name=f; filename=y", [2])
        + part("name=sha256", Array(String(repeating: "0", count: 64).utf8)) + part("name=f; filename=z", [3])
        + end,
      query: "?push=\(push)")
    #expect(answer.status == 201)
    #expect(items.map { $0["upload"] is [String: Any] } == [true, true, false])
    #expect((items.last?["error"] as? [String: Any])?["code"] as? String == "upload-rejected")
    let paths = try server.items("/api/v1/pushes/\(push)/uploads").map {
      "\($0["path"] ?? "") \($0["state"] ?? "")"
    }
    #expect(paths == ["dir/a verified", "y verified", "z rejected"])
  }

  @Test("a form that is cut off is a bad archive, and the file it was cut in is not complete")
  func cutOff() throws {
    let server = try running()
    let body =
      part("name=f; filename=a", [1]) + part("name=f; filename=b", [UInt8](repeating: 2, count: 200_000))
    let (answer, _) = try send(server, body)
    #expect(answer.status == 400)
    let problem = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
    #expect(problem?["code"] as? String == "bad-archive" && problem?["stored"] as? Int == 1)
    let counts = try server.json("GET", "/api/v1/status").object["uploads"] as? [String: Any]
    let states = counts?["byState"] as? [String: Int]
    #expect(
      (states?["received"] ?? 0) + (states?["created"] ?? 0) == 0 && states?["receiving"] == 1,
      "\(states ?? [:])")
  }

  @Test("a person's browser is led to the pushes; a form without a file is refused")
  func browser() throws {
    let server = try running()
    let answer = try server.request(
      "POST", "/files/", ["Content-Type": Self.type, "Accept": "text/html,*/*;q=0.8"],
      body: part("name=f; filename=a", [1]) + end)
    #expect(answer.status == 303 && answer.headers["location"] == "/ui/pushes")
    #expect(try send(server, part("name=a", [1]) + end).answer.status == 400)
    let foreign = try server.request(
      "POST", "/files/", ["Content-Type": Self.type, "Origin": "https://evil.example"],
      body: part("name=f; filename=a", [1]) + end)
    #expect(foreign.status == 403)
  }
}
