import Platform
import Vocabulary

/// Room in the storage that files on their way will need: those that are taken in at the same time count together.
final class IngestRoom: Sendable {
  private let promised = Locked<Int64>(0)

  /// Bytes that are still to be written; it gives back what is left when it goes.
  final class Share: Sendable {
    private let room: IngestRoom
    private let left: Locked<Int64>

    fileprivate init(_ room: IngestRoom, _ byteCount: Int64) {
      self.room = room
      left = Locked(byteCount)
    }

    deinit { room.promised.withLock { $0 -= left.withLock { $0 } } }

    /// Bytes that are in the storage now, and no longer among what it has free.
    func wrote(_ byteCount: Int64) {
      let done = left.withLock { left in
        let done = min(left, byteCount)
        left -= done
        return done
      }
      room.promised.withLock { $0 -= done }
    }
  }

  /// nil when the bytes, with what is promised already, would not leave the reserve free.
  func take(_ byteCount: Int64, free: Int64, reserve: Int64) -> Share? {
    let isThere = promised.withLock { promised in
      guard free - promised - byteCount >= reserve else { return false }
      promised += byteCount
      return true
    }
    return isThere ? Share(self, byteCount) : nil
  }
}
