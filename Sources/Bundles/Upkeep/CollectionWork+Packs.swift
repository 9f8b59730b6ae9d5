import Blobs
import Catalog
import Vocabulary

/// What the catalog has in a pack.
struct PackUse {
  /// With the heads of the records.
  var liveBytes: Int64 = 0
  /// Behind the last record.
  var end: Int64 = 0

  mutating func add(_ extent: Extent) {
    liveBytes += extent.length + Int64(PackFormat.headBytes)
    end = max(end, extent.offset + extent.length)
  }
}

extension CollectionWork {
  /// A pack that nothing is needed of any more.
  private struct EmptiedPack {
    let id: PackID
    let deadBytes: Int64
    /// Where what was in it is now.
    let others: Set<PackID>
  }

  /// The records of a pack that the catalog has there, and what else keeps it.
  private struct Places {
    var here: [PackFormat.Record] = []
    var others: Set<PackID> = []
    /// Needed, and stored nowhere else that is known.
    var unlisted: Digest?
  }

  /// Copies what is alive of packs that are mostly dead, and removes them.
  func rewritePacks() async throws {
    report.phase = .packs
    var emptied: [EmptiedPack] = []
    for (pack, size) in try await collector.blobs.sealedPacks().sorted(by: { $0.key < $1.key }) {
      try Task.checkCancellation()
      let use = packUses[pack] ?? PackUse()
      let isClosed = try await collector.catalog.read { try $0.isClosed(pack) }
      guard isClosed || Double(use.liveBytes) < Double(size) * Collector.liveShare else { continue }
      if let pack = try await empty(pack, size: size, use) { emptied.append(pack) }
      if emptied.count == Collector.emptiedCount {
        try await remove(emptied)
        emptied = []
      }
    }
    try await remove(emptied)
  }

  /// nil when the pack stays.
  private func empty(_ pack: PackID, size: Int64, _ use: PackUse) async throws -> EmptiedPack? {
    guard let records = try await soundRecords(of: pack, size: size, use) else { return nil }
    var places = try await places(of: records, in: pack)
    if let digest = places.unlisted {
      report.add(fault: "pack \(pack) is kept: it has \(digest), which is needed and in no other place")
      return nil
    }
    if isDryRun {
      report.rewrittenPacks += 1
      report.reclaimedPackBytes += size - use.liveBytes
      return nil
    }
    try await collector.catalog.write { try $0.close(pack) }
    // What was recorded before it was closed, and after the look.
    places = try await self.places(of: records, in: pack)
    try await move(places.here, from: pack)
    places = try await self.places(of: records, in: pack)
    guard places.here.isEmpty, places.unlisted == nil else { return nil }
    return EmptiedPack(id: pack, deadBytes: size - use.liveBytes, others: places.others)
  }

  /// The records of a pack that can be gone through as far as the catalog has something in it; else nil.
  private func soundRecords(
    of pack: PackID, size: Int64, _ use: PackUse
  ) async throws -> [PackFormat.Record]? {
    let contents: PackRecords
    do throws(BlobError) {
      contents = try await collector.blobs.records(of: pack)
    } catch {
      report.add(fault: "pack \(pack) is kept: \(error)")
      return nil
    }
    switch contents.end {
    case .whole: return contents.records
    case .torn(let position) where use.end <= position: return contents.records
    // What a crash leaves of a pack that was begun.
    case .foreign where use.end == 0 && size < Int64(PackFormat.firstLine.count): return []
    case .torn(let position):
      report.add(
        fault:
          "pack \(pack) is kept: it is damaged at byte \(position), and the catalog has objects behind that")
    case .foreign: report.add(fault: "pack \(pack) is kept: it does not begin as a pack does")
    }
    return nil
  }

  private func places(of records: [PackFormat.Record], in pack: PackID) async throws -> Places {
    var places = Places()
    for start in stride(from: 0, to: records.count, by: Collector.batchCount) {
      let batch = Array(records[start..<min(start + Collector.batchCount, records.count)])
      let extents = try await collector.catalog.read { try $0.extents(of: batch.map(\.digest)) }
      var unlisted: [Digest] = []
      for record in batch {
        if let extent = extents[record.digest] {
          if extent.pack != pack { places.others.insert(extent.pack) }
          if extent == Extent(pack: pack, offset: record.offset, length: record.length) {
            places.here.append(record)
          }
        } else if live.contains(record.digest) {
          unlisted.append(record.digest)
        }
      }
      guard !unlisted.isEmpty else { continue }
      let sizes = try await collector.blobs.objectSizes(unlisted)
      if let digest = unlisted.first(where: { sizes[$0] == nil }) { places.unlisted = digest }
    }
    return places
  }

  /// Copies the records to other packs, many at a time, so that they share writes and syncs. What cannot be read stays.
  private func move(_ records: [PackFormat.Record], from pack: PackID) async throws {
    let blobs = collector.blobs
    for start in stride(from: 0, to: records.count, by: 256) {
      let batch = records[start..<min(start + 256, records.count)]
      let moved = try await withThrowingTaskGroup(of: (PackFormat.Record, Result<Extent, BlobError>).self) {
        group in
        for record in batch {
          group.addTask {
            let content: [UInt8]
            do throws(BlobError) {
              content = try await blobs.content(of: record, in: pack)
            } catch { return (record, .failure(error)) }
            return (record, .success(try await blobs.putSmall(content, digest: record.digest)))
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      try await collector.catalog.write { transaction in
        for (record, result) in moved {
          guard case .success(let extent) = result else { continue }
          let old = Extent(pack: pack, offset: record.offset, length: record.length)
          try transaction.moveExtent(of: record.digest, from: old, to: extent)
        }
      }
      for case (let record, .failure(let error)) in moved {
        report.add(fault: "pack \(pack) is kept: object \(record.digest) in it cannot be moved: \(error)")
      }
    }
  }

  /// Nothing is recorded in a closed pack, so what the catalog says of these can only become less.
  private func remove(_ emptied: [EmptiedPack]) async throws {
    if emptied.isEmpty { return }
    // The commits that moved what was in them.
    try await collector.catalog.sync()
    let used = try await packs(among: Set(emptied.map(\.id)))
    for pack in emptied {
      guard !used.contains(pack.id) else {
        report.add(
          fault:
            "pack \(pack.id) is kept: going through it did not find all objects that the catalog has in it")
        continue
      }
      do throws(BlobError) {
        try await collector.blobs.makeDurable(pack.others)
      } catch {
        report.add(fault: "pack \(pack.id) is kept: where its objects are now is not safe: \(error)")
        continue
      }
      try await collector.blobs.removePack(pack.id)
      report.rewrittenPacks += 1
      report.reclaimedPackBytes += pack.deadBytes
    }
  }

  /// Those of the packs that the catalog has an object in.
  private func packs(among packs: Set<PackID>) async throws -> Set<PackID> {
    var used: Set<PackID> = []
    var after: Digest?
    while true {
      try Task.checkCancellation()
      let cursor = after
      let page = try await collector.catalog.read {
        try $0.packedObjects(after: cursor, limit: Collector.batchCount)
      }
      for object in page where packs.contains(object.extent.pack) { used.insert(object.extent.pack) }
      guard let last = page.last else { return used }
      after = last.digest
    }
  }
}
