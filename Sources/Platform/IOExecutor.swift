import Dispatch

/// Threads for calls that block (files, hashing); never the cooperative pool, never an event loop.
///
/// At most `threads` calls run at once; further callers wait their turn, so a slow disk slows its clients only.
package final class IOExecutor: Sendable {
  private let queue: DispatchQueue
  private let gate: Gate

  package init(name: String, threads: Int) {
    precondition(threads > 0)
    queue = DispatchQueue(label: name, attributes: .concurrent)
    gate = Gate(limit: threads)
  }

  /// Runs `body` on one of the threads.
  package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      submit { continuation.resume(with: Swift.Result { try body() }) }
    }
  }

  /// Runs a `body` that cannot fail on one of the threads.
  package func perform<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      submit { continuation.resume(returning: body()) }
    }
  }

  private func submit(_ work: @escaping @Sendable () -> Void) {
    guard let first = gate.enter(work) else { return }
    queue.async { [gate] in
      var next: (@Sendable () -> Void)? = first
      while let work = next {
        work()
        next = gate.leave()
      }
    }
  }
}

/// Counts running calls and keeps those that wait.
private final class Gate: Sendable {
  private struct State {
    var running = 0
    var waiting: [(@Sendable () -> Void)?] = []
    var nextIndex = 0
  }
  private let limit: Int
  private let state = Locked(State())

  init(limit: Int) { self.limit = limit }

  /// The work itself when it may start now; nil when it was put in the queue.
  func enter(_ work: @escaping @Sendable () -> Void) -> (@Sendable () -> Void)? {
    state.withLock { state in
      if state.running < limit {
        state.running += 1
        return work
      }
      state.waiting.append(work)
      return nil
    }
  }

  /// The next work for the thread that has just finished one.
  func leave() -> (@Sendable () -> Void)? {
    state.withLock { state in
      guard state.nextIndex < state.waiting.count else {
        state.waiting.removeAll(keepingCapacity: true)
        state.nextIndex = 0
        state.running -= 1
        return nil
      }
      if state.nextIndex >= 1024 {
        state.waiting.removeFirst(state.nextIndex)
        state.nextIndex = 0
      }
      let work = state.waiting[state.nextIndex]
      state.waiting[state.nextIndex] = nil
      state.nextIndex += 1
      return work
    }
  }
}
