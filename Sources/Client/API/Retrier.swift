import Vocabulary

/// Time and chance as retries see them.
package struct Pacer: Sendable {
  /// Seconds of a clock that never goes back.
  package var now: @Sendable () -> Double
  package var sleep: @Sendable (Double) async throws -> Void
  /// In 0..<1.
  package var random: @Sendable () -> Double

  package init(
    now: @escaping @Sendable () -> Double, sleep: @escaping @Sendable (Double) async throws -> Void,
    random: @escaping @Sendable () -> Double
  ) {
    self.now = now
    self.sleep = sleep
    self.random = random
  }

  /// The machine's own.
  package static func system() -> Pacer {
    let clock = ContinuousClock()
    let start = clock.now
    return Pacer(
      now: {
        let (seconds, attoseconds) = start.duration(to: clock.now).components
        return Double(seconds) + Double(attoseconds) * 1e-18
      },
      sleep: { try await clock.sleep(for: .seconds($0)) },
      random: { Double.random(in: 0..<1) })
  }
}

/// No answer that helps came within the retry budget.
package struct Unreachable: Error, Sendable, CustomStringConvertible {
  package let server: ServerURL
  package let last: ClientError
  package var description: String { "no success at \(server) within the retry budget: \(last)" }
}

/// Repeats what may be repeated.
package struct Retrier: Sendable {
  package let server: ServerURL
  package let policy: RetryPolicy
  package let pacer: Pacer
  /// Told of every failure that will be tried again, with the wait before it.
  package let onRetry: @Sendable (ClientError, Double) -> Void

  package init(
    server: ServerURL, policy: RetryPolicy, pacer: Pacer,
    onRetry: @escaping @Sendable (ClientError, Double) -> Void = { _, _ in }
  ) {
    self.server = server
    self.policy = policy
    self.pacer = pacer
    self.onRetry = onRetry
  }

  /// Runs `body` until it succeeds or fails for good.
  package func run<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
    try await run(unless: { _ in false }, body)
  }

  /// As `run`, but failures that `isMine` recognizes go to the caller at once.
  package func run<Result: Sendable>(
    unless isMine: (ClientError) -> Bool, _ body: () async throws -> Result
  ) async throws -> Result {
    var state = RetryState(policy)
    while true {
      do {
        return try await body()
      } catch let error as ClientError {
        guard error.retryable, !isMine(error) else { throw error }
        try await wait(after: error, &state)
      }
    }
  }

  /// Waits as the state decides.
  ///
  /// - Throws: `Unreachable` when the budget is spent.
  package func wait(after error: ClientError, _ state: inout RetryState) async throws {
    let decision = state.failed(at: pacer.now(), retryAfter: error.retryAfterSeconds, random: pacer.random())
    switch decision {
    case .giveUp: throw Unreachable(server: server, last: error)
    case .wait(let seconds):
      onRetry(error, seconds)
      try await pacer.sleep(seconds)
    }
  }
}
