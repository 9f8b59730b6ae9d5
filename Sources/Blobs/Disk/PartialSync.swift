import Platform

/// The syncs of one partial file, one after the other, and what they made durable.
final class PartialSync: Sendable {
  private struct State {
    var isBusy = false
    var waiting: [CheckedContinuation<Void, Never>] = []
    /// Nobody knows what of a file that was found is on stable storage.
    var durableSize: Int64?
    var hasDurableName = false
  }
  private let file: any OpenFile
  private let syncName: @Sendable () throws(FileError) -> Void
  private let state: Locked<State>

  /// `syncName` makes the file's name durable.
  init(file: any OpenFile, isNew: Bool, syncName: @escaping @Sendable () throws(FileError) -> Void) {
    self.file = file
    self.syncName = syncName
    state = Locked(State(durableSize: isNew ? 0 : nil))
  }

  /// Bytes that the last successful sync covered; nil before the first of a file that was found.
  var durableSize: Int64? { state.withLock { $0.durableSize } }

  /// True when the first `size` bytes are all there is to sync, and they and the name are synced.
  func isDurable(_ size: Int64) -> Bool {
    state.withLock { $0.hasDurableName && $0.durableSize == size }
  }

  /// Waits for its turn; `end` gives it to the next.
  func begin() async {
    await withCheckedContinuation { continuation in
      let isGranted = state.withLock { state in
        if state.isBusy {
          state.waiting.append(continuation)
          return false
        }
        state.isBusy = true
        return true
      }
      if isGranted { continuation.resume() }
    }
  }

  /// True when it is the caller's turn at once.
  func beginIfIdle() -> Bool {
    state.withLock { state in
      if state.isBusy { return false }
      state.isBusy = true
      return true
    }
  }

  func end() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard !state.waiting.isEmpty else {
        state.isBusy = false
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
  }

  /// Syncs the file, and its name the first time; call on the executor, in one's turn. Nil when all went well.
  func run(upTo size: Int64) -> FileError? {
    do throws(FileError) {
      try file.sync()
      if !state.withLock({ $0.hasDurableName }) { try syncName() }
    } catch { return error }
    state.withLock { state in
      state.hasDurableName = true
      state.durableSize = max(state.durableSize ?? 0, size)
    }
    return nil
  }

  func cut(to size: Int64) {
    state.withLock { state in state.durableSize = state.durableSize.map { min($0, size) } }
  }
}
