import Glibc

/// The one lock of this project: a value that is only reached while holding a mutex.
///
/// A plain pthread mutex, because the standard library's `Mutex` gives false thread-sanitizer reports on Linux under
/// contention. Decide under it, act after it: never call out or wait inside `withLock`.
package final class Locked<Value>: @unchecked Sendable {
  // Sendable because `value` is only touched between lock and unlock of `mutex`.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var value: Value

  package init(_ value: sending Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    let status = pthread_mutex_init(mutex, nil)
    precondition(status == 0, "pthread_mutex_init failed")
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  package func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
