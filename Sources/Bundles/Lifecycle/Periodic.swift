import Platform
import Vocabulary

/// Tells now and then that something is due.
package final class Periodic: Sendable {
  private let seconds: Int64
  private let clock: any WallClock
  private let last: Locked<Timestamp?>

  /// - Parameter isDueAtFirst: at once; else only when the time has passed for the first time.
  package init(seconds: Int64, clock: any WallClock, isDueAtFirst: Bool) {
    self.seconds = seconds
    self.clock = clock
    last = Locked(isDueAtFirst ? nil : clock.now())
  }

  package func isDue() -> Bool {
    let now = clock.now()
    return last.withLock { last in
      if let last, now < last.adding(seconds: seconds) { return false }
      last = now
      return true
    }
  }
}
