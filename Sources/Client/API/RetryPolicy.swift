/// How failures are repeated: exponential waits with full jitter, within a total time without progress.
package struct RetryPolicy: Sendable, Equatable {
  package var baseSeconds = 0.25
  package var capSeconds = 30.0
  /// Longest time from the first failure on without an acknowledged byte (or a success).
  package var budgetSeconds = 15.0 * 60

  package init() {}
  package init(budgetSeconds: Double) { self.budgetSeconds = budgetSeconds }

  /// Whether a request that was answered with `status` may fare better later.
  package static func isRetryable(status: Int) -> Bool {
    status >= 500 || [408, 409, 423, 425, 429, 460].contains(status)
  }

  /// The longest wait before attempt number `attempt` (from 0) is repeated.
  package func ceiling(attempt: Int) -> Double {
    min(capSeconds, baseSeconds * Double(UInt64(1) << UInt64(min(max(attempt, 0), 40))))
  }
}

/// The failures of one thing that is being tried: a pure value, told of time and chance.
package struct RetryState: Sendable, Equatable {
  package let policy: RetryPolicy
  /// Failures since the last progress.
  package private(set) var attempt = 0
  /// Time of the first of them, in seconds of a clock that never goes back.
  package private(set) var failingSince: Double?

  package enum Decision: Sendable, Equatable {
    case wait(seconds: Double)
    case giveUp
  }

  package init(_ policy: RetryPolicy) { self.policy = policy }

  /// Something failed in a way that may pass.
  ///
  /// - Parameters:
  ///   - now: seconds of a clock that never goes back.
  ///   - retryAfter: the wait that the server asked for; the jitter is added to it, lest all clients return at once.
  ///   - random: in 0..<1.
  package mutating func failed(at now: Double, retryAfter: Double? = nil, random: Double) -> Decision {
    let since = failingSince ?? now
    let wanted = max(0, retryAfter ?? 0) + random * policy.ceiling(attempt: attempt)
    let left = policy.budgetSeconds - (now - since)
    guard left > 0 else { return .giveUp }
    // A wait beyond the budget becomes one last try at its end.
    let seconds = min(wanted, left)
    failingSince = since
    attempt += 1
    return .wait(seconds: seconds)
  }

  /// Acknowledged bytes advanced, or a request succeeded: the patience is new.
  package mutating func advanced() {
    attempt = 0
    failingSince = nil
  }
}
