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
      for object in page {
        guard removed.contains(object.digest) else {
          packUses[object.extent.pack, default: PackUse()].add(object.extent)
          continue
        }
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
}
