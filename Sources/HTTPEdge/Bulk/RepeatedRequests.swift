import Platform
import Vocabulary

/// Requests that came with a key: of those with the same key only the newest goes on, after the others have ended. What
/// an older one holds, its client has mostly given up.
final class RepeatedRequests: Sendable {
  struct Key: Hashable, Sendable {
    let text: String
    let fingerprint: Digest
  }
  private struct Turn: Sendable {
    let pieces: RequestPieces
    /// Has no elements, and ends with the request.
    let end: AsyncStream<Never>
  }
  private let newest = Locked([Key: Turn]())

  /// Runs `work` when no older request with this key runs any more; a newer one ends the content of `pieces`.
  func run<Result>(
    _ key: Key?, _ pieces: RequestPieces, _ work: () async throws -> Result
  ) async throws -> Result {
    guard let key else { return try await work() }
    let (end, ending) = AsyncStream.makeStream(of: Never.self)
    let turn = Turn(pieces: pieces, end: end)
    let older = newest.withLock { newest in
      defer { newest[key] = turn }
      return newest[key]
    }
    defer {
      newest.withLock { if $0[key]?.pieces === pieces { $0[key] = nil } }
      ending.finish()
    }
    if let older {
      older.pieces.supersede()
      for await _ in older.end {}
    }
    return try await work()
  }
}
