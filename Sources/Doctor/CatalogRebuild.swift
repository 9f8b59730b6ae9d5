import Blobs
import Bundles
import Catalog
import Platform
import Vocabulary

/// Fills an empty catalog from `bundles/`, `packs/` and `objects/`: repos, bundles, labels and where small objects lie.
/// Call on an I/O thread, while no server runs.
///
/// Uploads, pushes, events, repos without a bundle and the descriptions of repos are not on disk and do not come back.
package struct CatalogRebuild {
  /// Name of the new catalog in the data folder until it is complete.
  package static let temporaryName = "catalog.sqlite.rebuilding"

  /// What was found.
  package struct Report: Sendable, Equatable, Encodable {
    package var repos = 0
    package var bundles = 0
    package var labels = 0
    package var packedObjects = 0
    /// Where the earlier catalog is now; nil when there was none.
    package var earlierCatalog: String?
  }

  /// Runs a body in one transaction.
  package typealias Write = ((any CatalogTransaction) throws -> Void) throws -> Void

  private static let batchCount = 1000
  private let layout: DiskLayout
  private let files: any FileSystem

  package init(layout: DiskLayout, files: any FileSystem) {
    self.layout = layout
    self.files = files
  }

  package func run(into write: Write) throws -> Report {
    var report = Report()
    for member in try members(of: layout.packs) where member.info.kind == .file {
      guard let id = PackID(member.shownName) else { continue }
      report.packedObjects += try readPack(id, size: member.info.size, write)
    }
    for member in try members(of: layout.bundles) where member.info.kind == .folder {
      guard let repo = try? RepoName(member.shownName) else { continue }
      try readRepo(repo, write, &report)
    }
    return report
  }

  /// Records every record whose content has its digest; nothing else vouches for it any more. The number of objects.
  private func readPack(_ id: PackID, size: Int64, _ write: Write) throws -> Int {
    let file = try files.open(layout.pack(id), .read)
    defer { file.close() }
    var records: [PackFormat.Record] = []
    var failure: (any Error)?
    var count = 0
    func store() throws {
      try write { transaction in
        let known = try transaction.extents(of: records.map(\.digest))
        for record in records {
          let extent = Extent(pack: id, offset: record.offset, length: record.length)
          try transaction.insert(extent, of: record.digest)
        }
        count += Set(records.map(\.digest)).subtracting(known.keys).count
      }
      records = []
    }
    _ = try PackFormat.walk(
      size: size, isDeep: false,
      read: { (count, offset) throws(FileError) in try file.readBytes(count, at: offset) },
      visit: { record in
        guard failure == nil else { return }
        do {
          let content = StoredContent(file: file, start: record.offset, size: record.length)
          guard try content.digest() == record.digest else { return }
          records.append(record)
          if records.count == Self.batchCount { try store() }
        } catch { failure = error }
      })
    if let failure { throw failure }
    try store()
    return count
  }

  private func readRepo(_ repo: RepoName, _ write: Write, _ report: inout Report) throws {
    let bundles = BundleSelection.choose(among: try descriptors(of: repo))
    var labels: Set<LabelName> = []
    var count = 0
    try write { transaction in
      for bundle in bundles {
        // A number below the newest was taken, so its bundle was published; for the newest its manifest must speak.
        guard bundle.sequence != bundles.last?.sequence || isWhole(bundle, transaction),
          try transaction.bundle(bundle.id) == nil
        else { continue }
        try transaction.ensureRepo(repo, description: nil, at: bundle.createdAt)
        try transaction.insert(bundle)
        count += 1
        if let label = bundle.label {
          labels.insert(label)
          try transaction.moveLabel(
            label, of: repo, to: bundle.id, by: bundle.author, at: bundle.createdAt)
        }
      }
    }
    report.repos += count == 0 ? 0 : 1
    report.bundles += count
    report.labels += labels.count
  }

  private func descriptors(of repo: RepoName) throws -> [BundleRecord] {
    let folder = "\(layout.bundles)/\(repo)"
    return try members(of: folder).compactMap { member in
      guard member.info.kind == .file, member.info.size <= BundleDescriptor.maximumBytes,
        DescriptorName(member.shownName) != nil
      else { return nil }
      let file = try files.open("\(folder)/\(member.shownName)", .read)
      defer { file.close() }
      guard let bundle = try? BundleDescriptor.parse(try file.readBytes(Int(member.info.size), at: 0)),
        bundle.repo == repo, BundleDescriptor.name(bundle) == member.shownName
      else { return nil }
      return bundle
    }
  }

  /// True when the bundle's manifest is stored as the descriptor says.
  private func isWhole(_ bundle: BundleRecord, _ catalog: any CatalogReader) -> Bool {
    var (fileCount, byteCount) = (Int64(0), Int64(0))
    var scan = ManifestScan()
    do {
      let content = try openObject(bundle.digest, catalog)
      defer { content.file.close() }
      let digest = try scan.run(content) { entry in
        fileCount += 1
        byteCount = byteCount.addingReportingOverflow(entry.size).partialValue
      }
      return digest == bundle.digest && scan.flaw == nil && fileCount == bundle.fileCount
        && byteCount == bundle.byteCount
    } catch {
      return false
    }
  }

  private func openObject(_ digest: Digest, _ catalog: any CatalogReader) throws -> StoredContent {
    if let extent = try catalog.extents(of: [digest])[digest] {
      return StoredContent(
        file: try files.open(layout.pack(extent.pack), .read), start: extent.offset, size: extent.length)
    }
    let file = try files.open("\(layout.objects)/\(digest.hex.prefix(2))/\(digest.hex)", .read)
    return StoredContent(file: file, size: try file.size())
  }

  private func members(of folder: String) throws(FileError) -> [FolderMember] {
    do throws(FileError) {
      return try DirectoryWalk.members(of: folder)
    } catch {
      if error.kind == .notFound { return [] }
      throw error
    }
  }
}
