import Catalog
import Platform
import Vocabulary

/// Tells when the server collects by itself: so long after the last collection, whichever process did it.
package final class CollectionSchedule: Sendable {
  private let seconds: Int64
  private let clock: any WallClock
  private let last: Locked<Timestamp>

  /// Where there was no collection yet, the time counts from the first event.
  package init(seconds: Int64, clock: any WallClock, _ reader: any CatalogReader) throws {
    self.seconds = seconds
    self.clock = clock
    let run = try reader.recentEvents(kinds: [.collectionRun], limit: 1).first
    let begin = try run ?? reader.events(after: 0, limit: 1).first
    let now = clock.now()
    last = Locked(begin.map { min($0.event.at, now) } ?? now)
  }

  /// True once each time; a collection that fails is tried again after as long, or by the next process.
  package func isDue() -> Bool {
    let now = clock.now()
    return last.withLock { last in
      if now < last.adding(seconds: seconds) { return false }
      last = now
      return true
    }
  }
}
