import Blobs
import Bundles
import Catalog
import Platform
import Vocabulary

/// Fills an empty catalog from `bundles/`, `packs/` and `objects/`: repos, bundles, labels and where small objects lie.
/// Call on an I/O thread, while no server runs.
///
/// Uploads, pushes, events and the history of labels are not on disk and do not come back; nor do repos of which there
/// is nothing to tell.
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
      guard let folder = try? RepoName(member.shownName) else { continue }
      try readRepo(folder, write, &report)
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

  /// What a folder of descriptors tells: its bundles, and by `repo.json` what the repo is called now and where its
  /// labels are; without that, the repo has the folder's name, and labels are where commits put them.
  private func readRepo(_ folder: RepoName, _ write: Write, _ report: inout Report) throws {
    let found = try descriptors(of: folder)
    let bundles = BundleSelection.choose(among: found)
    let parents = Set(found.flatMap(\.parents))
    let descriptor = try repoDescriptor(of: folder)
    var labels: Set<LabelName> = []
    var count = 0
    var isRepo = false
    try write { transaction in
      // A name that two folders claim is that of the first; the other keeps its folder's.
      var name = descriptor?.name ?? folder
      if try transaction.repo(name) != nil { name = folder }
      if let descriptor {
        try transaction.insert(repo(descriptor, name: name, folder: folder))
        isRepo = true
      }
      for var bundle in bundles {
        // What another bundle came after was published; of any other its manifest must speak.
        guard parents.contains(bundle.id) || isWhole(bundle, transaction),
          try transaction.bundle(bundle.id) == nil
        else { continue }
        bundle.repo = name
        try transaction.ensureRepo(name, description: nil, at: bundle.createdAt)
        try transaction.insert(bundle)
        count += 1
        if descriptor == nil, let label = bundle.label {
          labels.insert(label)
          try transaction.moveLabel(label, of: name, to: bundle.id, by: bundle.author, at: bundle.createdAt)
        }
      }
      for (label, bundle) in descriptor?.labels ?? [:] {
        guard let bundle = try transaction.bundle(bundle), bundle.repo == name else { continue }
        labels.insert(label)
        try transaction.moveLabel(label, of: name, to: bundle.id, by: nil, at: bundle.createdAt)
      }
    }
    report.repos += count > 0 || isRepo ? 1 : 0
    report.bundles += count
    report.labels += labels.count
  }

  private func repo(_ descriptor: RepoDescriptor, name: RepoName, folder: RepoName) -> RepoRecord {
    RepoRecord(
      name: name, description: descriptor.description, createdAt: descriptor.createdAt, bundleCount: 0,
      lastSequence: descriptor.lastSequence, folder: folder, weight: descriptor.weight,
      retention: descriptor.retention)
  }

  private func repoDescriptor(of folder: RepoName) throws -> RepoDescriptor? {
    let path = "\(layout.bundles)/\(folder)/\(RepoDescriptor.name)"
    guard let size = try files.size(path), size <= RepoDescriptor.maximumBytes else { return nil }
    let file = try files.open(path, .read)
    defer { file.close() }
    return try? RepoDescriptor(parsing: try file.readBytes(Int(size), at: 0))
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
