import Client
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// What is believed of a list of files.
@Suite struct EntryListTests {
  private func entries(_ items: [[String: Any]], sizes: (count: Int, bytes: Int)) async throws -> Int {
    let body = try JSONSerialization.data(withJSONObject: ["items": items])
    let gateway = FakeGateway(instead: { _ in FakeAnswer(status: 200, body: Array(body)) })
    let server = try ServerURL("http://gateway:8773")
    let json: [String: Any] = [
      "id": "b1", "repo": "r", "sequence": 1, "digest": "d", "message": "m", "fileCount": sizes.count,
      "byteCount": sizes.bytes, "createdAt": "2020-01-02T03:04:05Z",
    ]
    let bundle = try JSONDecoder().decode(
      BundleAnswer.self, from: try JSONSerialization.data(withJSONObject: json))
    let retrier = Retrier(
      server: server, policy: RetryPolicy(budgetSeconds: 0),
      pacer: Pacer(now: { 0 }, sleep: { _ in }, random: { 0 }))
    return try await GatewayAPI(server: server, transport: gateway).entries(
      of: bundle, in: try RepoName("r"), retrier: retrier
    ).count
  }

  private func item(_ path: String, _ size: Int64) -> [String: Any] {
    ["path": path, "size": size, "sha256": SHA256Stream.digest(of: Array(path.utf8)).hex]
  }

  @Test("D31 a list of files that lacks some, or has too many, or other sizes is not believed")
  func counts() async throws {
    let items = [item("a", 3), item("b", 4)]
    #expect(try await entries(items, sizes: (2, 7)) == 2)
    for sizes in [(3, 7), (1, 7), (2, 8), (0, 0)] {
      let error = await #expect(throws: ClientError.self) { try await entries(items, sizes: sizes) }
      #expect(error?.retryable == false && error?.description.contains("2 files with 7 bytes") == true)
    }
  }

  @Test("D31 sizes that cannot be are an error and not a crash", arguments: [-1, Int64.max])
  func sizes(size: Int64) async throws {
    await #expect(throws: ClientError.self) {
      try await entries([item("a", size), item("b", 4)], sizes: (2, 3))
    }
  }

  @Test("paths of sources are cut at their slashes, whatever character follows")
  func address() throws {
    let address = try SourceAddress("films/a/\u{301}b/")
    #expect(address.name == "films" && Array(address.path.utf8) == Array("a/\u{301}b".utf8))
    #expect(try SourceAddress("films").path.isEmpty && SourceAddress("films/").path.isEmpty)
    #expect(throws: (any Error).self) { try SourceAddress("") }
  }
}
