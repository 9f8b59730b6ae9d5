import Platform
import Vocabulary

/// Uploads that are worked on in the background: a few at a time, each once.
final class VerificationQueue: Sendable {
  private struct State {
    var running: Set<UploadID> = []
    var waiting: [UploadID] = []
    /// Running, waiting, or held by a request.
    var known: Set<UploadID> = []
    var givenUp: Set<UploadID> = []
    /// Running, and to be worked on once more.
    var again: Set<UploadID> = []
  }
  private let maximumRunning: Int
  /// What does not fit is found again in the catalog.
  private static let maximumWaiting = 10_000
  private let state = Locked(State())

  init(maximumRunning: Int = 32) { self.maximumRunning = maximumRunning }

  /// Keeps others from starting with an upload that a request waits for; `release` must follow.
  func hold(_ id: UploadID) { state.withLock { _ = $0.known.insert(id) } }
  func release(_ id: UploadID) { state.withLock { _ = $0.known.remove(id) } }

  /// Its bytes are missing, and that is recorded: it is not tried again in this process.
  func giveUp(_ id: UploadID) {
    state.withLock { state in
      if state.givenUp.count < Self.maximumWaiting { state.givenUp.insert(id) }
    }
  }

  /// True: the caller starts with it now. False: its turn comes, or has come. `isNews`: something has changed that the
  /// work under way may have looked at before, so that it is done once more.
  func admit(_ id: UploadID, isNews: Bool = false) -> Bool {
    state.withLock { state in
      if isNews && state.running.contains(id) { state.again.insert(id) }
      guard !state.known.contains(id), !state.givenUp.contains(id) else { return false }
      if state.running.count < maximumRunning {
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
      if state.again.remove(id) != nil { return id }
      state.running.remove(id)
      state.known.remove(id)
      guard !state.waiting.isEmpty else { return nil }
      let next = state.waiting.removeFirst()
      state.running.insert(next)
      return next
    }
  }
}
