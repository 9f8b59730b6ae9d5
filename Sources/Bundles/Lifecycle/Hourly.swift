import Platform
import Vocabulary

/// Tells once an hour, and at first, that something is due.
package final class Hourly: Sendable {
  private static let seconds: Int64 = 3600
  private let clock: any WallClock
  private let last = Locked<Timestamp?>(nil)

  package init(clock: any WallClock) { self.clock = clock }

  package func isDue() -> Bool {
    let now = clock.now()
    return last.withLock { last in
      if let last, now < last.adding(seconds: Self.seconds) { return false }
      last = now
      return true
    }
  }
}
