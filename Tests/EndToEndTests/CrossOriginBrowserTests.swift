import Foundation
import TestSupport
import Testing

/// Chromium on a page of another site.
@Suite(.serialized) struct CrossOriginBrowserTests {
  private static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]
  private static let hint: Comment =
    "needs TEST_PYTHON, a Python with playwright, and chromium; .ci/test installs them"

  @Test(
    "A-19 a page of an allowed origin uploads with the browser client and reads errors; any other page gets nothing",
    .enabled(if: python != nil, hint))
  func pages() throws {
    let script = try BrowserScript(
      python: try #require(Self.python), [], script: "browser_cross_origin.py")
    let origin = try #require(try script.next("origin")["origin"] as? String)
    let server = try GatewayProcess.running(["--allowed-origins", origin])
    try script.tell(server.baseURL)
    let allowed = try script.next("allowed")
    #expect(allowed["client"] as? String == "done")
    #expect(allowed["creation"] as? [String] == ["201", "files"])
    #expect(allowed["problem"] as? [String] == ["404", "not-found"])
    #expect(allowed["simple"] as? String == "opaque")
    #expect(allowed["read"] as? Int == 200)
    // The file, the empty upload, and the content of the simple request, which is a plain upload. A request that took so
    // long that the client sent it again would leave more.
    let before = try uploadCount(server)
    #expect(before >= 3)
    #expect(try names(server).contains("from 127.0.0.1"))
    try script.tell()
    let foreign = try script.next("foreign")
    for step in ["client", "creation", "problem", "read"] {
      #expect(foreign[step] as? String == "TypeError", "\(step)")
    }
    // A browser sends such a request unasked, and the page learns nothing; the server refuses it.
    #expect(foreign["simple"] as? String == "opaque")
    try script.end()
    #expect(try uploadCount(server) == before)
    #expect(try !names(server).contains("from localhost"))
  }

  /// All uploads there ever were.
  private func uploadCount(_ server: GatewayProcess) throws -> Int {
    let uploads = try server.json("GET", "/api/v1/status").object["uploads"] as? [String: Any]
    return try #require(uploads?["byState"] as? [String: Int]).values.reduce(0, +)
  }

  /// Of the files that came by themselves.
  private func names(_ server: GatewayProcess) throws -> [String] {
    try server.items("/api/v1/pushes?repo=inbox").compactMap { $0["message"] as? String }
  }
}
