/// Threads for calls that block (files, hashing); never the cooperative pool, and an event loop only where a decision
/// in docs/decisions says so.
///
/// A seam: the simulation runs the same work on one thread, in an order it chooses.
package protocol IOExecutor: Sendable {
  /// Runs `work` soon, once, on one of the threads.
  func submit(_ work: @escaping @Sendable () -> Void)
}

extension IOExecutor {
  /// Runs `body` on one of the threads.
  package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await perform { Swift.Result { try body() } }.get()
  }

  /// Runs a `body` that cannot fail on one of the threads.
  package func perform<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    // The result crosses under a lock: the thread sanitizer does not see the order that a continuation makes.
    let result = Locked<Result?>(nil)
    await withCheckedContinuation { continuation in
      submit {
        let value = body()
        result.withLock { $0 = value }
        continuation.resume()
      }
    }
    guard let value = result.withLock({ $0 }) else { preconditionFailure("resumed without a result") }
    return value
  }
}
