import Glibc
import Platform

/// The servers that run now. None of them outlives the benchmark, even when somebody ends it.
enum ChildProcesses {
  private static let running = Locked<Set<pid_t>>([])

  static func add(_ identifier: pid_t) { running.withLock { _ = $0.insert(identifier) } }
  static func remove(_ identifier: pid_t) { running.withLock { _ = $0.remove(identifier) } }

  /// Kills them when this process is told to end, runs `cleanUp` and ends it.
  static func endWithThisProcess(cleanUp: @escaping @Sendable () -> Void) throws {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
    // Every later thread inherits the mask, so that only the one below ever sees them.
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let waited = signals
    let thread = try startThread {
      var signal = Int32(0)
      var signals = waited
      sigwait(&signals, &signal)
      killAll()
      cleanUp()
      // What was started in the meantime finds its folder gone, and goes too.
      killAll()
      _exit(128 + signal)
    }
    pthread_detach(thread)
  }

  private static func killAll() {
    for identifier in running.withLock({ $0 }) { kill(identifier, SIGKILL) }
  }
}
