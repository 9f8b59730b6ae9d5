import Blobs
import Catalog
import Vocabulary

extension CollectionWork {
  /// Removes dead objects that are files of their own, a folder at a time.
  func sweepObjectFiles() async throws {
    report.phase = .objects
    for byte in UInt8.min...UInt8.max {
      try Task.checkCancellation()
      let sizes = try await collector.blobs.objectFiles(beginningWith: byte)
      let dead = sizes.keys.filter { !live.contains($0) }.sorted { $0.hex < $1.hex }
      for start in stride(from: 0, to: dead.count, by: Collector.batchCount) {
        let batch = Array(dead[start..<min(start + Collector.batchCount, dead.count)])
        let removed = isDryRun ? batch : try await removeFiles(batch)
        report.removedObjects += removed.count
        report.removedBytes += removed.reduce(0) { $0 + (sizes[$1] ?? 0) }
      }
    }
  }

  private func removeFiles(_ batch: [Digest]) async throws -> [Digest] {
    try await collector.blobs.withUnheld(batch) { [self] free in
      // Whoever verified one of them before nobody could hold it any more has told so by an event.
      take(try await collector.catalog.read { [self] in try catchUp($0) })
      let dead = free.filter { !live.contains($0) }
      try await collector.blobs.removeObjectFiles(dead)
      return dead
    }
  }

  /// Forgets dead small objects; their bytes go with their pack.
  func sweepExtents() async throws {
    report.phase = .extents
    var after: Digest?
    while true {
      try Task.checkCancellation()
      let cursor = after
      let page = try await collector.catalog.read {
        try $0.packedObjects(after: cursor, limit: Collector.batchCount)
      }
      let dead = page.filter { !live.contains($0.digest) }
      let removed = isDryRun ? Set(dead.map(\.digest)) : try await removeExtents(dead.map(\.digest))
      for object in dead where removed.contains(object.digest) {
        report.removedObjects += 1
        report.removedBytes += object.extent.length
      }
      guard let last = page.last else { return }
      after = last.digest
    }
  }

  private func removeExtents(_ digests: [Digest]) async throws -> Set<Digest> {
    if digests.isEmpty { return [] }
    return try await collector.blobs.withUnheld(digests) { [self] free in
      let (news, removed) = try await collector.catalog.write { [self] transaction in
        let news = try catchUp(transaction)
        let recent = Set(news.digests)
        let dead = free.filter { !recent.contains($0) }
        try transaction.removeExtents(of: dead)
        return (news, dead)
      }
      take(news)
      return Set(removed)
    }
  }

  /// Copies what is alive of packs that are mostly dead, and removes them.
  func rewritePacks() async throws {
    report.phase = .packs
    for (pack, size) in try await collector.blobs.sealedPacks().sorted(by: { $0.key < $1.key }) {
      try Task.checkCancellation()
      let records = try await collector.blobs.records(of: pack)
      let isClosed = try await collector.catalog.read { try $0.isClosed(pack) }
      var alive = try await liveRecords(of: pack, records)
      let liveBytes = alive.reduce(0) { $0 + $1.length + Int64(PackFormat.headBytes) }
      guard isClosed || Double(liveBytes) < Double(size) * Collector.liveShare else { continue }
      report.rewrittenPacks += 1
      report.reclaimedPackBytes += size - liveBytes
      if isDryRun { continue }
      try await collector.catalog.write { try $0.close(pack) }
      // What was recorded before it was closed, and after the look.
      alive = try await liveRecords(of: pack, records)
      try await move(alive, from: pack)
      guard try await liveRecords(of: pack, records).isEmpty else { continue }
      try await collector.blobs.removePack(pack)
    }
  }

  private func liveRecords(
    of pack: PackID, _ records: [PackFormat.Record]
  ) async throws -> [PackFormat.Record] {
    var alive: [PackFormat.Record] = []
    for start in stride(from: 0, to: records.count, by: Collector.batchCount) {
      let batch = Array(records[start..<min(start + Collector.batchCount, records.count)])
      let extents = try await collector.catalog.read { try $0.extents(of: batch.map(\.digest)) }
      alive += batch.filter { extents[$0.digest] == Extent(pack: pack, offset: $0.offset, length: $0.length) }
    }
    return alive
  }

  /// Many at a time, so that they share writes and syncs.
  private func move(_ records: [PackFormat.Record], from pack: PackID) async throws {
    let blobs = collector.blobs
    for start in stride(from: 0, to: records.count, by: 256) {
      let batch = records[start..<min(start + 256, records.count)]
      let moved = try await withThrowingTaskGroup(of: (PackFormat.Record, Extent).self) { group in
        for record in batch {
          group.addTask {
            let content = try await blobs.content(of: record, in: pack)
            return (record, try await blobs.putSmall(content, digest: record.digest))
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      try await collector.catalog.write { transaction in
        for (record, extent) in moved {
          let old = Extent(pack: pack, offset: record.offset, length: record.length)
          try transaction.moveExtent(of: record.digest, from: old, to: extent)
        }
      }
    }
  }
}
