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
}
