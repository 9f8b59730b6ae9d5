import Blobs
import Bundles
import Catalog
import Platform
import Vocabulary

extension Examination {
  /// Steps that one look takes in; there are never many.
  static var plannedLimit: Int { 100_000 }

  /// Compares `repo.json` with the row; where it is planned to be written again it may lag behind.
  mutating func checkDescription(of repo: RepoRecord, _ member: FolderMember) throws {
    let path = "\(layout.bundles)/\(repo.folder)/\(RepoDescriptor.name)"
    var labels: [LabelName: BundleID] = [:]
    var after: LabelName?
    while true {
      let page = try catalog.labels(ofRepo: repo.name, prefix: "", after: after, limit: Self.pageSize)
      for record in page { labels[record.label] = record.bundle }
      guard page.count == Self.pageSize, let last = page.last else { break }
      after = last.label
    }
    do throws(FileError) {
      let file = try files.open(path, .read)
      defer { file.close() }
      let bytes = try file.readBytes(Int(min(member.info.size, Int64(RepoDescriptor.maximumBytes))), at: 0)
      // The number is written only when it cannot be told from the bundles.
      var told = try? RepoDescriptor(parsing: bytes)
      told?.lastSequence = repo.lastSequence
      if told != RepoDescriptor(repo, labels: labels) {
        let name = shown(path)
        findings.add(.descriptorDiffers, repo.name.text, "\(name) does not say what the catalog does")
      }
    } catch {
      reportUnreadable(path, error)
    }
  }
}
