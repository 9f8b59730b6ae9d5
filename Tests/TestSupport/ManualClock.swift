import Platform
import Vocabulary

/// A clock that stands still unless it is moved.
package final class ManualClock: WallClock {
  private let time: Locked<Timestamp>

  package init(milliseconds: Int64 = 1_700_000_000_000) {
    time = Locked(Timestamp(milliseconds: milliseconds))
  }

  package func now() -> Timestamp { time.withLock { $0 } }
  package func set(_ now: Timestamp) { time.withLock { $0 = now } }
  package func advance(milliseconds: Int64) {
    time.withLock { $0 = Timestamp(milliseconds: $0.milliseconds + milliseconds) }
  }
}
