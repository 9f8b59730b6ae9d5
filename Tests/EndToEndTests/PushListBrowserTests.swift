import Foundation
import TestSupport
import Testing

/// The flat list of pushes in Chromium.
@Suite(.serialized) struct PushListBrowserTests {
  private static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]
  private static let hint: Comment =
    "needs TEST_PYTHON, a Python with playwright, and chromium; .ci/test installs them"

  @Test(
    "D9 D10 rows, progress and counts change without loading the page again, logs can be downloaded, filters find",
    .enabled(if: python != nil, hint))
  func live() throws {
    let server = try GatewayProcess()
    try server.start()
    let script = try BrowserScript(
      python: try #require(Self.python), [server.baseURL], script: "browser_pushes.py")
    #expect(
      try chips(script.next("empty")) == ["All": 0, "Ongoing": 0, "Complete": 0, "Error": 0, "Cancelled": 0])
    let files = ["a", "b"].map { ["path": $0, "size": 10] as [String: Any] }
    let opened = try server.json(
      "POST", "/api/v1/pushes",
      ["repo": "list", "message": "The morning run", "author": "ü", "files": files, "sealWhenComplete": true])
    let push = try #require(opened.object["id"] as? String)
    try script.tell("The morning run")
    #expect(try chips(script.next("opened"))["Ongoing"] == 1)
    try server.send("a", to: push)
    try script.tell("50%")
    _ = try script.next("half")
    try server.send("b", to: push)
    try script.tell("Bundle #1")
    let committed = try script.next("committed")
    #expect(try chips(committed) == ["All": 1, "Ongoing": 0, "Complete": 1, "Error": 0, "Cancelled": 0])
    #expect(committed["loads"] as? Int == 0)
    let log = try script.next("log")
    #expect(log["name"] as? String == "push-\(push).log")
    let lines = try #require(log["lines"] as? [String])
    #expect(lines.first?.contains("opened by a client") == true)
    #expect(lines.last?.contains("committed bundle") == true)
    let filtered = try script.next("filtered")
    #expect(filtered["found"] as? [String: Int] == ["MORNING": 1, "evening": 0])
    #expect(filtered["others"] as? Int == 0)
    #expect(filtered["isOpen"] as? Int == 1)
    #expect(filtered["chosen"] as? String == "upload")
    #expect(filtered["errors"] as? [String] == [])
    try script.end()
  }

  private func chips(_ step: [String: Any]) throws -> [String: Int] {
    try #require(step["chips"] as? [String: Int])
  }
}

extension GatewayProcess {
  /// A file of ten bytes of the push.
  fileprivate func send(_ path: String, to push: String) throws {
    let metadata = [("push", push), ("path", path)].map { name, value in
      "\(name) \(Data(value.utf8).base64EncodedString())"
    }
    let answer = try request(
      "POST", "/files/",
      [
        "Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": metadata.joined(separator: ","),
        "Content-Type": "application/offset+octet-stream",
      ], body: Array("0123456789".utf8))
    #expect(answer.status == 201)
  }
}
