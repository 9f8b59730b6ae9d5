import Blobs
import Catalog
import Platform
import Vocabulary

/// Reads every stored object again, at a bounded rate, and remembers what is damaged (docs/upkeep.md).
package struct Scrubber: Sendable {
  /// A pass begins this long after the one before it began.
  package static let passSeconds: Int64 = 7 * 86_400
  private static let pieceBytes = 1 << 18
  /// The place is written down after this much.
  private static let checkpointBytes: Int64 = 64 << 20
  private static let checkpointObjects = 1000

  private let catalog: any CatalogStore
  private let blobs: any BlobStore & BlobCollection
  private let clock: any WallClock
  private let bytesPerSecond: Int
  private let report: @Sendable (String) -> Void
  private let sleep: @Sendable (Duration) async throws -> Void

  /// - Parameters:
  ///   - bytesPerSecond: at least 1.
  ///   - report: told of every damaged object, once in a pass.
  package init(
    catalog: any CatalogStore, blobs: any BlobStore & BlobCollection, clock: any WallClock,
    bytesPerSecond: Int, report: @escaping @Sendable (String) -> Void,
    sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) {
    self.catalog = catalog
    self.blobs = blobs
    self.clock = clock
    self.bytesPerSecond = bytesPerSecond
    self.report = report
    self.sleep = sleep
  }

  /// Passes, one after the other, until the task is cancelled.
  package func run() async {
    while !Task.isCancelled {
      do {
        try await runIfDue()
        try await sleep(.seconds(60))
      } catch is CancellationError {
        return
      } catch {
        report("scrubbing failed: \(error)")
        // What failed may be a full or broken disk: not at once again.
        do { try await sleep(.seconds(600)) } catch { return }
      }
    }
  }

  /// Goes on with a pass that was interrupted, or begins one when it is due.
  package func runIfDue() async throws {
    var record = try await catalog.read { try $0.scrub() }
    if record.cursor == nil {
      let now = clock.now()
      if let last = record.startedAt, now < last.adding(seconds: Self.passSeconds) { return }
      record = ScrubRecord(startedAt: now, finishedAt: record.finishedAt)
    }
    let first = record.cursor?.bytes.first ?? 0
    for byte in first...UInt8.max { try await scrub(beginningWith: byte, &record) }
    try await ScrubFindings.forgetGone(catalog, blobs)
    record.cursor = nil
    record.finishedAt = clock.now()
    try await save(record)
  }

  private func scrub(beginningWith byte: UInt8, _ record: inout ScrubRecord) async throws {
    var saved = record
    for digest in try await objects(beginningWith: byte, after: record.cursor) {
      try Task.checkCancellation()
      record.checkedBytes += try await check(digest)
      record.checkedObjects += 1
      record.cursor = digest
      if record.checkedBytes - saved.checkedBytes >= Self.checkpointBytes
        || record.checkedObjects - saved.checkedObjects >= Int64(Self.checkpointObjects)
      {
        try await save(record)
        saved = record
      }
    }
    if record != saved { try await save(record) }
  }

  private func save(_ record: ScrubRecord) async throws { try await catalog.write { try $0.save(record) } }

  private func objects(beginningWith byte: UInt8, after cursor: Digest?) async throws -> [Digest] {
    var digests = Set(try await blobs.objectFiles(beginningWith: byte).keys)
    var after = cursor ?? Digest(bytes: [byte] + [UInt8](repeating: 0, count: 31))
    if let last = after, last.bytes[0] < byte {
      after = Digest(bytes: [byte] + [UInt8](repeating: 0, count: 31))
    }
    while true {
      let position = after
      let page = try await catalog.read { try $0.packedObjects(after: position, limit: 1000) }
      digests.formUnion(page.map(\.digest).filter { $0.bytes[0] == byte })
      guard let last = page.last, last.digest.bytes[0] == byte else { break }
      after = last.digest
    }
    return digests.filter { digest in cursor.map { $0.hex < digest.hex } ?? true }
      .sorted { $0.hex < $1.hex }
  }

  /// The bytes that were read. An object that is gone by now was collected.
  private func check(_ digest: Digest) async throws -> Int64 {
    guard try await blobs.objectSizes([digest])[digest] != nil else {
      try await settle(digest, nil)
      return 0
    }
    do {
      let object = try await blobs.openObject(digest)
      defer { object.close() }
      var stream = SHA256Stream()
      while stream.byteCount < object.size {
        let bytes = try await object.read(Self.pieceBytes, at: stream.byteCount)
        if bytes.isEmpty { break }
        stream.update(bytes)
        try await sleep(.microseconds(Int64(bytes.count) * 1_000_000 / Int64(bytesPerSecond)))
      }
      let isSound = stream.byteCount == object.size && stream.digest() == digest
      try await settle(digest, isSound ? nil : "its bytes do not have its digest")
      return stream.byteCount
    } catch let error as BlobError {
      if case .missing = error, try await blobs.objectSizes([digest])[digest] == nil {
        try await settle(digest, nil)
        return 0
      }
      try await settle(digest, "it cannot be read: \(error.problem.detail)")
      return 0
    }
  }

  /// Remembers what is wrong with the object, or that nothing is any more.
  private func settle(_ digest: Digest, _ reason: String?) async throws {
    guard let reason else {
      let wasFound = try await catalog.read { reader in
        try reader.scrubFinding(of: digest) != nil
      }
      if wasFound { try await catalog.write { try $0.removeScrubFinding(of: digest) } }
      return
    }
    report("object \(digest) is damaged: \(reason)")
    let finding = ScrubFinding(digest: digest, reason: reason, at: clock.now())
    try await catalog.write { transaction in
      try transaction.save(finding)
      try transaction.record(
        NewEvent(
          at: finding.at, kind: .storageFault, subject: digest.hex, details: ["reason": reason]))
    }
  }
}
