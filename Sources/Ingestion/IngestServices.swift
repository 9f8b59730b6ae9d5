import Blobs
import Catalog
import Platform
import Vocabulary

/// What taking in needs of the rest of the gateway.
package struct IngestServices: Sendable {
  package var catalog: any CatalogStore
  package var blobs: any BlobStore
  /// For everything that waits for a source's disk; the store's own threads never do.
  package var executor: any IOExecutor
  package var clock: any WallClock
  package var entropy: any Entropy
  /// Files up to this many bytes go into packs.
  package var smallBytes: Int
  /// Free space that is left, a twentieth of the storage at most; 0 is none.
  package var reserveBytes: Int64
  package var log: @Sendable (PushID, String) async -> Void
  /// A line for the operator.
  package var report: @Sendable (String) -> Void
  package var wakeScheduler: @Sendable () -> Void
  private let room = IngestRoom()

  package init(
    catalog: any CatalogStore, blobs: any BlobStore, executor: any IOExecutor, clock: any WallClock,
    entropy: any Entropy, smallBytes: Int, reserveBytes: Int64,
    log: @escaping @Sendable (PushID, String) async -> Void, report: @escaping @Sendable (String) -> Void,
    wakeScheduler: @escaping @Sendable () -> Void
  ) {
    self.catalog = catalog
    self.blobs = blobs
    self.executor = executor
    self.clock = clock
    self.entropy = entropy
    self.smallBytes = smallBytes
    self.reserveBytes = reserveBytes
    self.log = log
    self.report = report
    self.wakeScheduler = wakeScheduler
  }

  /// Sets room for a file aside, as long as the share lives.
  ///
  /// - Throws: `ProblemError` with `storage-full` when that many bytes would not leave the reserve free.
  func requireRoom(_ byteCount: Int64) async throws -> IngestRoom.Share {
    let space = try await blobs.space()
    guard let share = room.take(byteCount, free: space.free, reserve: min(reserveBytes, space.total / 20))
    else {
      throw ProblemError(
        .storageFull, detail: "the server's storage is nearly full; what was taken in is safe")
    }
    return share
  }
}

/// The push is not to be gone on with: somebody cancelled it, or the server ends.
struct IngestStopped: Error {}

/// Asked between steps whether to go on; any thread may stop it.
final class IngestStop: Sendable {
  private let isStopped = Locked(false)
  func stop() { isStopped.withLock { $0 = true } }

  /// - Throws: `IngestStopped`.
  func check() throws {
    if Task.isCancelled || isStopped.withLock({ $0 }) { throw IngestStopped() }
  }
}

/// Bytes of files that are being copied, for those who watch.
package struct IngestProgress: Sendable, Equatable {
  package enum Phase: String, Sendable { case waiting, scanning, taking }
  package var phase: Phase
  /// Found so far while scanning.
  package var filesFound: Int64 = 0
  /// Of files that are not in whole yet.
  package var bytesUnderWay: Int64 = 0
  package init(phase: Phase) { self.phase = phase }
}
