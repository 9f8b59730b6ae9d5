import Glibc
import Platform

/// Runs `body` on threads of their own, one for each index, and returns their results in order.
///
/// Threads and blocking calls, because a client that waits in the kernel costs least beside the server it measures.
///
/// - Throws: the error of the first of them in order that failed, after all have ended.
func inParallel<Value: Sendable>(
  _ count: Int, _ body: @escaping @Sendable (Int) throws -> Value
) throws -> [Value] {
  let results = Locked([Result<Value, any Error>?](repeating: nil, count: count))
  let threads = try (0..<count).map { index in
    try startThread {
      let result = Result { try body(index) }
      results.withLock { $0[index] = result }
    }
  }
  for thread in threads { pthread_join(thread, nil) }
  return try results.withLock { $0 }.map { result in
    guard let result else { preconditionFailure("a thread ended without a result") }
    return try result.get()
  }
}

/// What a thread of its own does.
private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Starts a joinable thread.
func startThread(_ run: @escaping @Sendable () -> Void) throws -> pthread_t {
  var thread = pthread_t()
  let body = Unmanaged.passRetained(ThreadBody(run))
  let status = pthread_create(
    &thread, nil,
    { argument in
      guard let argument else { return nil }
      Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
      return nil
    }, body.toOpaque())
  guard status == 0 else {
    body.release()
    throw BenchmarkError("pthread_create: \(String(cString: strerror(status)))")
  }
  return thread
}
