import Glibc

/// At most `threads` calls run at once on threads of its own; further calls wait their turn, so a slow disk slows its
/// clients only. Threads are started when they are first needed and end with the executor.
package final class ThreadedExecutor: IOExecutor {
  private let queue: WorkQueue

  /// `niceness` is that of the threads, 0…19: work that must not compete with requests has a high one.
  package init(name: String, threads: Int, niceness: Int32 = 0) {
    precondition(threads > 0)
    queue = WorkQueue(name: name, maximumThreads: threads, niceness: niceness)
  }
  deinit { queue.close() }

  package func submit(_ work: @escaping @Sendable () -> Void) { queue.add(work) }
}

/// Works in order of arrival, and the threads that take them.
private final class WorkQueue: @unchecked Sendable {
  // Sendable because everything below `mutex` is only touched while holding it.
  private let name: String
  private let maximumThreads: Int
  private let niceness: Int32
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let arrival: UnsafeMutablePointer<pthread_cond_t>
  private var works: [(@Sendable () -> Void)?] = []
  private var nextIndex = 0
  private var threads = 0
  private var idle = 0
  private var isClosed = false

  init(name: String, maximumThreads: Int, niceness: Int32) {
    self.name = name
    self.maximumThreads = maximumThreads
    self.niceness = niceness
    mutex = .allocate(capacity: 1)
    arrival = .allocate(capacity: 1)
    let status = pthread_mutex_init(mutex, nil) | pthread_cond_init(arrival, nil)
    precondition(status == 0, "pthread_mutex_init or pthread_cond_init failed")
  }

  deinit {
    pthread_cond_destroy(arrival)
    pthread_mutex_destroy(mutex)
    arrival.deallocate()
    mutex.deallocate()
  }

  func add(_ work: @escaping @Sendable () -> Void) {
    pthread_mutex_lock(mutex)
    works.append(work)
    let waiting = works.count - nextIndex
    let mustStart = waiting > idle && threads < maximumThreads
    if mustStart { threads += 1 }
    pthread_mutex_unlock(mutex)
    if mustStart { start() } else { pthread_cond_signal(arrival) }
  }

  /// Threads end once no work is left.
  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_mutex_unlock(mutex)
    pthread_cond_broadcast(arrival)
  }

  private func start() {
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<WorkQueue>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    precondition(status == 0, "pthread_create failed: \(status)")
    pthread_detach(thread)
  }

  private func run() {
    nameThread()
    // On Linux the niceness is a thread's: 0 names the calling one.
    if niceness != 0 { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
    while let work = next() { work() }
  }

  /// For those who look at the threads of the process; it is no matter when it fails.
  private func nameThread() {
    let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    let bytes = Array(name.utf8.prefix(15))
    _ = write(descriptor, bytes, bytes.count)
    Glibc.close(descriptor)
  }

  /// The next work; nil when the queue is closed and empty.
  private func next() -> (@Sendable () -> Void)? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while nextIndex == works.count {
      works.removeAll(keepingCapacity: works.capacity <= 1024)
      nextIndex = 0
      if isClosed { return nil }
      idle += 1
      pthread_cond_wait(arrival, mutex)
      idle -= 1
    }
    if nextIndex >= 1024 {
      works.removeFirst(nextIndex)
      nextIndex = 0
    }
    defer { nextIndex += 1 }
    let work = works[nextIndex]
    works[nextIndex] = nil
    return work
  }
}
