/// What sheaf tells beyond tus (docs/api.md).
struct SheafAPI {
  private let client: UploadClient

  init(_ client: UploadClient) { self.client = client }

  /// A new push that takes any file; its id.
  func openPush(repo: String) throws -> String {
    let text = try client.post("/api/v1/pushes", json: #"{"repo":"\#(repo)","message":"benchmark"}"#)
    guard let id = string(of: "id", in: text) else { throw BenchmarkError("a push without id: \(text)") }
    return id
  }

  func seal(_ push: String) throws { _ = try client.post("/api/v1/pushes/\(push)/seal", json: "") }

  /// What the server says the digest of its bytes is.
  func digest(of path: String) throws -> String? {
    string(of: "digest", in: try client.get("\(path)/digest"))
  }

  /// Waits until no upload is unfinished or unverified.
  ///
  /// - Throws: when one was rejected, or when it takes more than ten minutes.
  func waitUntilVerified() throws { try waitWhile(any: ["created", "receiving", "received"]) }

  /// Waits until every sealed push is a bundle.
  func waitUntilCommitted() throws { try waitWhile(any: ["queued", "admitted", "committing"]) }

  /// While anything is in these states; the words of uploads and of pushes differ.
  private func waitWhile(any states: [String]) throws {
    let start = monotonicNanoseconds()
    while true {
      let text = try client.get("/api/v1/status")
      let counts = try (states + ["rejected", "failed"]).map { state in
        guard let count = integer(of: state, in: text) else {
          throw BenchmarkError("a status without \(state): \(text.prefix(300))")
        }
        return count
      }
      guard counts.suffix(2).allSatisfy({ $0 == 0 }) else {
        throw BenchmarkError("uploads were rejected or pushes failed: \(text)")
      }
      if counts.dropLast(2).allSatisfy({ $0 == 0 }) { return }
      guard seconds(since: start) < 600 else { throw BenchmarkError("still \(states): \(text.prefix(300))") }
      pause(milliseconds: 5)
    }
  }
}
