import Blobs
import Bundles
import Catalog
import Platform
import Vocabulary

/// Files in the folders of `bundles/` that no bundle was found for yet, by folder and name.
typealias BundleFolders = [String: [String: FolderMember]]

extension Examination {
  /// The names in all folders of `bundles/`; one for each bundle.
  mutating func readBundleFolders() throws(FileError) -> BundleFolders {
    var folders: BundleFolders = [:]
    for folder in try members(of: layout.bundles) {
      let path = "\(layout.bundles)/\(folder.shownName)"
      guard folder.info.kind == .folder else {
        reportForeignDescriptor(path)
        continue
      }
      folders[folder.shownName] = Dictionary(
        try members(of: path).map { ($0.shownName, $0) }, uniquingKeysWith: { first, _ in first })
    }
    return folders
  }

  private mutating func reportForeignDescriptor(_ path: String) {
    findings.add(.descriptorForeign, shown(path), "it is no descriptor of a bundle; it is left alone")
  }

  mutating func reportUnknown(_ folders: BundleFolders) {
    guard isCatalogWhole else { return }
    for (folder, members) in folders.sorted(by: { $0.key < $1.key }) {
      for (name, member) in members.sorted(by: { $0.key < $1.key }) {
        let path = "\(layout.bundles)/\(folder)/\(name)"
        if name.hasPrefix("."), name.hasSuffix(".tmp") {
          findings.add(
            .descriptorUnfinished, shown(path), "a descriptor that was never finished; nothing reads it")
        } else if member.info.kind == .file, DescriptorName(name) != nil {
          findings.add(
            .descriptorUnknown, shown(path),
            "a descriptor without a bundle: its push was cancelled or took another number")
        } else {
          reportForeignDescriptor(path)
        }
      }
    }
  }

  /// Goes through all bundles; what is left in `folders` belongs to none.
  mutating func checkRepos(_ folders: inout BundleFolders) throws {
    let planned = Set(try catalog.plannedSteps(after: 0, limit: Self.plannedLimit).map(\.subject))
    var after: RepoName?
    while true {
      let page = try catalog.repos(after: after, limit: Self.pageSize)
      for repo in page {
        var names = folders.removeValue(forKey: repo.folder.text) ?? [:]
        defer { if !names.isEmpty { folders[repo.folder.text] = names } }
        try checkBundles(of: repo, &names)
        let member = names.removeValue(forKey: RepoDescriptor.name)
        if let member, !planned.contains(repo.folder.text) { try checkDescription(of: repo, member) }
      }
      counts.repos += page.count
      guard let last = page.last, page.count == Self.pageSize else { return }
      after = last.name
    }
  }

  private mutating func checkBundles(of repo: RepoRecord, _ names: inout [String: FolderMember]) throws {
    let deleted = try deletedSequences(of: repo)
    var (count, above, greatest) = (0, Int64?.none, deleted.max() ?? 0)
    while true {
      let page = try catalog.bundles(of: repo.name, before: above, limit: Self.pageSize)
      for bundle in page {
        if let above { reportGaps(repo, between: bundle.sequence, and: above, deleted) }
        above = bundle.sequence
        greatest = max(greatest, bundle.sequence)
        count += 1
        checkDescriptor(of: bundle, repo, names.removeValue(forKey: BundleDescriptor.name(bundle)))
        checkManifest(of: bundle)
      }
      if page.count < Self.pageSize { break }
    }
    if let above { reportGaps(repo, between: 0, and: above, deleted) }
    counts.bundles += count
    compareCount("bundles of \(repo.name)", kept: Int(repo.bundleCount), counted: count)
    // More were given than there are when the newest were deleted, and forgotten by a rebuild.
    if repo.lastSequence < greatest {
      compareCount("sequence of \(repo.name)", kept: Int(repo.lastSequence), counted: Int(greatest))
    }
  }

  /// Numbers of bundles that were deleted, those of an earlier repo of this name aside.
  private func deletedSequences(of repo: RepoRecord) throws -> Set<Int64> {
    var sequences: Set<Int64> = []
    var before: Int64?
    while true {
      let page = try catalog.deletedBundles(of: repo.name, before: before, limit: Self.pageSize)
      sequences.formUnion(page.filter { $0.at > repo.createdAt }.map(\.sequence))
      guard page.count == Self.pageSize, let last = page.last else { return sequences }
      before = last.sequence
    }
  }

  private mutating func reportGaps(
    _ repo: RepoRecord, between low: Int64, and high: Int64, _ deleted: Set<Int64>
  ) {
    var above = low
    for sequence in deleted.filter({ $0 > low && $0 < high }).sorted() + [high] {
      if sequence > above + 1 { reportGap(repo, above: above, below: sequence) }
      above = sequence
    }
  }

  private mutating func reportGap(_ repo: RepoRecord, above: Int64, below: Int64) {
    findings.add(
      .sequenceGap, repo.name.text,
      below - above == 2
        ? "there is no bundle number \(above + 1)" : "there are no bundles \(above + 1) to \(below - 1)")
  }

  private mutating func checkDescriptor(
    of bundle: BundleRecord, _ repo: RepoRecord, _ member: FolderMember?
  ) {
    let folder = "\(layout.bundles)/\(repo.folder)"
    let path = "\(folder)/\(BundleDescriptor.name(bundle))"
    let name = shown(path)
    guard let member, member.info.kind == .file else {
      findings.add(.descriptorMissing, bundle.id.text, "there is no \(name)")
      return
    }
    checkMode(of: member, in: folder, isReadOnly: false)
    let expected = Array(BundleDescriptor.text(bundle, folder: repo.folder).utf8)
    do throws(FileError) {
      let file = try files.open(path, .read)
      defer { file.close() }
      // One byte more than is right, so that a file that is too long is seen to be.
      if try file.readBytes(expected.count + 1, at: 0) != expected {
        findings.add(.descriptorDiffers, bundle.id.text, "\(name) does not say what the catalog does")
      }
    } catch {
      reportUnreadable(path, error)
    }
  }

  private mutating func checkManifest(of bundle: BundleRecord) {
    guard let object = objects.refer(to: bundle.digest) else {
      findings.add(.manifestMissing, bundle.id.text, "its manifest \(bundle.digest) is not stored")
      return
    }
    let (path, start) = content(of: bundle.digest, object)
    var (fileCount, byteCount) = (Int64(0), Int64(0))
    var scan = ManifestScan()
    do throws(FileError) {
      let file = try files.open(path, .read)
      defer { file.close() }
      let digest = try scan.run(StoredContent(file: file, start: start, size: object.size)) { entry in
        fileCount += 1
        byteCount = byteCount.addingReportingOverflow(entry.size).partialValue
        check(entry, of: bundle)
      }
      if digest != bundle.digest {
        findings.add(
          .manifestDigest, bundle.id.text, "its manifest does not have the digest \(bundle.digest)")
      }
    } catch {
      return reportUnreadable(path, error)
    }
    if let flaw = scan.flaw {
      findings.add(.manifestMalformed, bundle.id.text, "its manifest \(bundle.digest) is malformed: \(flaw)")
    } else if fileCount != bundle.fileCount || byteCount != bundle.byteCount {
      findings.add(
        .manifestCounts, bundle.id.text,
        "its manifest has \(fileCount) files and \(byteCount) bytes, not \(bundle.fileCount) and \(bundle.byteCount)"
      )
    }
  }

  private mutating func check(_ entry: Entry, of bundle: BundleRecord) {
    counts.entries += 1
    func subject() -> String { "\(bundle.id) \(entry.path)" }
    guard let object = objects.refer(to: entry.digest) else {
      findings.add(.entryMissing, subject(), "its object \(entry.digest) is not stored")
      return
    }
    if object.size != entry.size {
      findings.add(
        .entrySize, subject(), "its object \(entry.digest) has \(object.size) bytes, not \(entry.size)")
    } else if object.isDamaged {
      findings.add(.entryDigest, subject(), "the stored bytes do not have its digest \(entry.digest)")
    }
  }

  mutating func checkLabels() throws {
    var after: LabelRecord?
    while true {
      let page = try catalog.labels(after: after, limit: Self.pageSize)
      for record in page where try catalog.bundle(record.bundle)?.repo != record.repo {
        findings.add(
          .labelDangling, "\(record.repo)@\(record.label)",
          "the label names the bundle \(record.bundle), which the repo does not have")
      }
      guard let last = page.last, page.count == Self.pageSize else { return }
      after = last
    }
  }
}
