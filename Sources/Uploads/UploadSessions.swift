import Blobs
import Catalog
import Platform
import Vocabulary

/// What the owner of an upload works with: its row as it was last saved, and its partial file once it has one.
struct UploadSession: Sendable {
  var record: UploadRecord
  var partial: (any PartialBlob)?

  /// Bytes the upload has.
  var offset: Int64 { partial?.size ?? 0 }
}

/// Sessions of unfinished uploads between their requests, so that the next one need not ask the catalog or open the
/// file again. Whoever owns the upload takes its session out; at most `limit` are kept.
final class UploadSessions: Sendable {
  private struct Kept {
    var session: UploadSession
    var turn: Int64
    /// Bytes of hash that the row covers.
    var savedHashBytes: Int64
  }
  private struct State {
    var kept: [UploadID: Kept] = [:]
    /// Every time a session was kept, in order; outdated entries are passed over.
    var order: [(turn: Int64, id: UploadID)] = []
    var first = 0
    var turn: Int64 = 0
  }
  static let limit = 1024
  private let state = Locked(State())

  func take(_ id: UploadID) -> UploadSession? {
    state.withLock { $0.kept.removeValue(forKey: id)?.session }
  }

  /// Keeps the session, and closes the one that was kept longest when there are too many.
  func keep(_ session: UploadSession) {
    let surplus = state.withLock { state -> UploadSession? in
      state.turn += 1
      state.kept[session.record.id] = Kept(
        session: session, turn: state.turn, savedHashBytes: session.record.hashedBytes)
      state.order.append((state.turn, session.record.id))
      if state.order.count > 8 * Self.limit {
        state.order = state.order[state.first...].filter { state.kept[$0.id]?.turn == $0.turn }
        state.first = 0
      }
      return state.kept.count > Self.limit ? Self.removeOldest(&state) : nil
    }
    surplus?.partial?.close()
  }

  private static func removeOldest(_ state: inout State) -> UploadSession? {
    while state.first < state.order.count {
      let oldest = state.order[state.first]
      state.first += 1
      if state.kept[oldest.id]?.turn == oldest.turn {
        return state.kept.removeValue(forKey: oldest.id)?.session
      }
    }
    return nil
  }

  /// The running hashes that are further than their rows, each given out once.
  func unsavedHashes() -> [(id: UploadID, state: [UInt8], byteCount: Int64)] {
    let kept = state.withLock { $0.kept.map { ($0.key, $0.value) } }
    return kept.compactMap { id, item in
      guard let hash = item.session.partial?.hash, hash.byteCount > item.savedHashBytes else { return nil }
      state.withLock { state in
        if state.kept[id]?.turn == item.turn { state.kept[id]?.savedHashBytes = hash.byteCount }
      }
      return (id, hash.state, hash.byteCount)
    }
  }
}
