import Platform
import Vocabulary

/// The unfinished uploads as far as limits count them: how many each client has, and how many bytes all may come to.
///
/// In memory, not in the catalog: the bytes of an upload whose length is deferred are in no row, a creation would pay
/// for the counters with two more rows to change, and recovery passes over every unfinished upload at the start anyway.
/// An entry costs some 150 bytes while its upload is unfinished; finished uploads, and small ones that come whole, have
/// none, so the cost does not grow with what is stored.
final class UnfinishedUploads: Sendable {
  private struct Entry {
    var client: String?
    var bytes: Int64
  }
  private struct State {
    var entries: [UploadID: Entry] = [:]
    var counts: [String: Int] = [:]
    /// Lengths come from clients: their sum need not be a number of 64 bits.
    var bytes: Int128 = 0

    mutating func add(_ id: UploadID, _ entry: Entry) {
      remove(id)
      entries[id] = entry
      bytes += Int128(entry.bytes)
      if let client = entry.client { counts[client, default: 0] += 1 }
    }

    mutating func remove(_ id: UploadID) {
      guard let entry = entries.removeValue(forKey: id) else { return }
      bytes -= Int128(entry.bytes)
      guard let client = entry.client, let count = counts[client] else { return }
      counts[client] = count > 1 ? count - 1 : nil
    }
  }
  private let maximumBytes: Int64
  private let maximumPerClient: Int
  private let state = Locked(State())

  /// 0 is no limit.
  init(maximumBytes: Int64, maximumPerClient: Int) {
    self.maximumBytes = maximumBytes
    self.maximumPerClient = maximumPerClient
  }

  /// Without limits nothing is counted.
  private var isCounting: Bool { maximumBytes > 0 || maximumPerClient > 0 }

  /// Counts a new upload, which takes the place of `other` if there is one. `length` is nil while it is deferred.
  ///
  /// - Throws: `ProblemError` when that is one too many; then nothing is counted.
  func admit(_ id: UploadID, client: String?, length: Int64?, replacing other: UploadID? = nil)
    throws(ProblemError)
  {
    guard isCounting else { return }
    let problem = state.withLock { state -> ProblemError? in
      let replaced = other.flatMap { state.entries[$0] }
      let count = client.map { (state.counts[$0] ?? 0) - (replaced?.client == $0 ? 1 : 0) } ?? 0
      if maximumPerClient > 0 && count >= maximumPerClient { return tooMany(count) }
      let bytes = state.bytes - Int128(replaced?.bytes ?? 0)
      if maximumBytes > 0, bytes >= maximumBytes || bytes + Int128(length ?? 0) > maximumBytes {
        return tooMuch(length ?? 0, bytes)
      }
      state.add(id, Entry(client: client, bytes: length ?? 0))
      return nil
    }
    if let problem { throw problem }
  }

  /// Counts an upload that is there already.
  func add(_ id: UploadID, client: String?, bytes: Int64) {
    guard isCounting else { return }
    state.withLock { $0.add(id, Entry(client: client, bytes: bytes)) }
  }

  /// More is known of a counted upload: its length, or, while that is deferred, the bytes it has.
  func update(_ id: UploadID, bytes: Int64) {
    guard isCounting else { return }
    state.withLock { state in
      guard let entry = state.entries[id] else { return }
      state.add(id, Entry(client: entry.client, bytes: bytes))
    }
  }

  /// Done when the upload is not counted.
  func remove(_ id: UploadID) {
    guard isCounting else { return }
    state.withLock { $0.remove(id) }
  }

  private func tooMany(_ count: Int) -> ProblemError {
    ProblemError(
      .tooManyUploads,
      detail: "this address has \(count) unfinished uploads, as many as one may have; finish or delete some")
  }

  private func tooMuch(_ length: Int64, _ bytes: Int128) -> ProblemError {
    if length > maximumBytes {
      return ProblemError(
        .tooLarge, detail: "length \(length) is more than the \(maximumBytes) bytes of all unfinished uploads"
      )
    }
    return ProblemError(
      .tooMuchUnfinished,
      detail: "unfinished uploads may come to \(maximumBytes) bytes together, and come to \(bytes) already")
  }
}
