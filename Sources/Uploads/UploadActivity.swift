import Blobs
import Catalog
import Platform
import Vocabulary

/// The requests that are storing bytes right now: what the status page shows, and whom a drain must tell.
package final class UploadActivity: Sendable {
  package struct Entry: Sendable {
    package var id: UploadID
    package var path: String
    package var length: Int64?
    package var offset: Int64
    package var client: String?
    /// Bytes per second since the request began.
    package var bytesPerSecond: Double
  }
  struct Ticket: Sendable {
    fileprivate let number: Int
  }
  private struct Item {
    var id: UploadID
    var push: PushID?
    var path: String
    var length: Int64?
    var start: Int64
    var offset: Int64
    var client: String?
    let since: ContinuousClock.Instant
    let partial: (any PartialBlob)?
    var savedHashBytes: Int64
    let interrupt: @Sendable () -> Void
  }
  private struct State {
    var items: [Int: Item] = [:]
    var next = 0
  }
  private let state = Locked(State())

  /// At most `limit` running requests, oldest first, and how many there are.
  package func snapshot(limit: Int) -> (entries: [Entry], total: Int) {
    let now = ContinuousClock.now
    return state.withLock { state in
      let entries = state.items.sorted { $0.key < $1.key }.prefix(limit).map { _, item in
        let seconds = max(
          0.05,
          Double(item.since.duration(to: now).components.seconds)
            + Double(item.since.duration(to: now).components.attoseconds) / 1e18)
        return Entry(
          id: item.id, path: item.path, length: item.length, offset: item.offset, client: item.client,
          bytesPerSecond: Double(item.offset - item.start) / seconds)
      }
      return (entries, state.items.count)
    }
  }

  func begin(
    _ record: UploadRecord, partial: (any PartialBlob)?, client: String?,
    interrupt: @escaping @Sendable () -> Void
  ) -> Ticket {
    let offset = partial?.size ?? 0
    return state.withLock { state in
      state.next += 1
      state.items[state.next] = Item(
        id: record.id, push: record.push, path: record.path.text, length: record.length, start: offset,
        offset: offset, client: client, since: .now, partial: partial, savedHashBytes: record.hashedBytes,
        interrupt: interrupt)
      return Ticket(number: state.next)
    }
  }

  func advance(_ ticket: Ticket, to offset: Int64) {
    state.withLock { $0.items[ticket.number]?.offset = offset }
  }

  func end(_ ticket: Ticket) {
    state.withLock { $0.items[ticket.number] = nil }
  }

  /// Interrupts whoever is storing bytes of this upload.
  func interruption(of id: UploadID) -> @Sendable () -> Void {
    let interrupts = state.withLock { state in state.items.values.filter { $0.id == id }.map(\.interrupt) }
    return { for interrupt in interrupts { interrupt() } }
  }

  /// The running hashes that are further than their rows, each given out once.
  func unsavedHashes() -> [(id: UploadID, state: [UInt8], byteCount: Int64)] {
    state.withLock { Array($0.items) }.compactMap { number, item in
      guard let hash = item.partial?.hash, hash.byteCount > item.savedHashBytes else { return nil }
      state.withLock { $0.items[number]?.savedHashBytes = hash.byteCount }
      return (item.id, hash.state, hash.byteCount)
    }
  }

  func interruptAll() {
    for interrupt in state.withLock({ $0.items.values.map(\.interrupt) }) { interrupt() }
  }

  /// True while a request stores bytes of one of the push's uploads.
  package func isSending(to push: PushID) -> Bool {
    state.withLock { $0.items.values.contains { $0.push == push } }
  }

}
