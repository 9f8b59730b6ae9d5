import Platform
import Vocabulary

/// Which objects must stay although no row refers to them yet, and which are being removed.
final class ObjectHolds: Sendable {
  private struct State {
    var counts: [Digest: Int] = [:]
    var removing: Set<Digest> = []
    var waiting: [CheckedContinuation<Void, Never>] = []
    /// What uploads published, until their partial file is removed.
    var published: [UploadID: Digest] = [:]
  }
  private let state = Locked(State())

  /// Returns when none of them is being removed; from then on none of them will be, until `release`.
  func take(_ digests: [Digest]) async {
    while true {
      let isTaken = state.withLock { state in
        guard state.removing.isDisjoint(with: digests) else { return false }
        for digest in digests { state.counts[digest, default: 0] += 1 }
        return true
      }
      if isTaken { return }
      await untilRemoved(digests)
    }
  }

  func release(_ digests: [Digest]) {
    state.withLock { state in
      for digest in digests { Self.release(digest, &state) }
    }
  }

  /// As `take`, on behalf of an upload and until `forget`.
  func take(_ digest: Digest, for upload: UploadID) async {
    await take([digest])
    state.withLock { state in
      if let before = state.published.updateValue(digest, forKey: upload) { Self.release(before, &state) }
    }
  }

  func forget(_ upload: UploadID) {
    state.withLock { state in
      if let digest = state.published.removeValue(forKey: upload) { Self.release(digest, &state) }
    }
  }

  /// Those that nobody holds; they count as being removed until `end`.
  func begin(_ digests: [Digest]) -> [Digest] {
    state.withLock { state in
      let free = digests.filter { state.counts[$0] == nil && !state.removing.contains($0) }
      state.removing.formUnion(free)
      return free
    }
  }

  func end(_ digests: [Digest]) {
    let waiting = state.withLock { state in
      state.removing.subtract(digests)
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  private func untilRemoved(_ digests: [Digest]) async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.removing.isDisjoint(with: digests) { return true }
        state.waiting.append(continuation)
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  private static func release(_ digest: Digest, _ state: inout State) {
    guard let count = state.counts[digest] else { return }
    state.counts[digest] = count == 1 ? nil : count - 1
  }
}
