/// A bound on bytes held in memory by all requests together: who asks for more than is left waits, in order.
package final class ByteBudget: Sendable {
  private struct State {
    var free: Int
    var waiting: [(bytes: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }
  private let total: Int
  private let state: Locked<State>

  package init(bytes: Int) {
    total = bytes
    state = Locked(State(free: bytes))
  }

  /// Waits until `bytes` are free and takes them; `release` must give the same number back.
  ///
  /// - Precondition: `bytes` is at most the whole budget.
  package func acquire(_ bytes: Int) async {
    precondition(bytes <= total, "a request for \(bytes) bytes never fits the budget of \(total)")
    await withCheckedContinuation { continuation in
      let isGranted = state.withLock { state in
        guard state.waiting.isEmpty, state.free >= bytes else {
          state.waiting.append((bytes, continuation))
          return false
        }
        state.free -= bytes
        return true
      }
      if isGranted { continuation.resume() }
    }
  }

  package func release(_ bytes: Int) {
    let granted = state.withLock { state in
      state.free += bytes
      var count = 0
      while count < state.waiting.count, state.waiting[count].bytes <= state.free {
        state.free -= state.waiting[count].bytes
        count += 1
      }
      defer { state.waiting.removeFirst(count) }
      return Array(state.waiting.prefix(count))
    }
    for waiter in granted { waiter.continuation.resume() }
  }
}
