import Platform
import Vocabulary

/// Received uploads whose hash is worked out in the background: a few at a time, each once.
final class VerificationQueue: Sendable {
  private struct State {
    var running: Set<UploadID> = []
    var waiting: [UploadID] = []
    var known: Set<UploadID> = []
  }
  private static let maximumRunning = 32
  /// What does not fit is found again in the catalog.
  private static let maximumWaiting = 10_000
  private let state = Locked(State())

  /// True: the caller starts with it now. False: its turn comes, or has come.
  func admit(_ id: UploadID) -> Bool {
    state.withLock { state in
      guard !state.known.contains(id) else { return false }
      if state.running.count < Self.maximumRunning {
        state.known.insert(id)
        state.running.insert(id)
        return true
      }
      if state.waiting.count < Self.maximumWaiting {
        state.known.insert(id)
        state.waiting.append(id)
      }
      return false
    }
  }

  /// The next to work on after `id`, nil when nothing waits.
  func finish(_ id: UploadID) -> UploadID? {
    state.withLock { state in
      state.running.remove(id)
      state.known.remove(id)
      guard !state.waiting.isEmpty else { return nil }
      let next = state.waiting.removeFirst()
      state.running.insert(next)
      return next
    }
  }
}
