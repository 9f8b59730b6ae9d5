import Platform
import Vocabulary

/// One name in a folder of a source.
package struct SourceItem: Sendable, Equatable {
  /// With replacement characters where the name is not UTF-8.
  package var shownName: String
  /// The path below the source; nil when the name cannot be in a bundle.
  package var path: BundlePath?
  package var info: FileInfo
}

/// A page of a folder's names in byte order, whatever the size of the folder.
///
/// Each page goes through the whole folder and keeps only its own names, so that memory is bounded by the page.
package struct SourceListing: Sendable {
  package static let maximumItems = 1000
  package var items: [SourceItem]
  /// Where the following page begins, nil on the last.
  package var next: [UInt8]?

  /// Call on an executor.
  ///
  /// - Throws: `ProblemError`: `source-unavailable`, `not-found`, `source-unreadable`.
  package init(
    _ source: Source, _ folder: BundlePath?, after: [UInt8]?, limit: Int
  ) throws(ProblemError) {
    precondition((1...Self.maximumItems).contains(limit))
    let tree = try source.requireFolder(folder)
    do throws(FileError) {
      let stream = try tree.folder(folder?.text ?? "")
      let names = try Self.smallest(limit + 1, after: after, of: stream)
      items = []
      for name in names.prefix(limit) {
        guard let member = try stream.member(name) else { continue }
        items.append(Self.item(member, in: folder))
      }
      next = names.count > limit ? names[limit - 1] : nil
    } catch {
      throw SourceProblem.of(error, folder?.text ?? "", tree, source, missing: .notFound)
    }
  }

  private static func item(_ member: FolderMember, in folder: BundlePath?) -> SourceItem {
    let path = member.name.flatMap { name in
      try? BundlePath(folder.map { "\($0)/\(name)" } ?? name)
    }
    return SourceItem(shownName: member.shownName, path: path, info: member.info)
  }

  private static func smallest(
    _ count: Int, after: [UInt8]?, of stream: FolderStream
  ) throws(FileError) -> [[UInt8]] {
    var kept: [[UInt8]] = []
    func shorten() {
      kept.sort { $0.lexicographicallyPrecedes($1) }
      kept.removeLast(max(0, kept.count - count))
    }
    while let name = try stream.nextName() {
      if let after, !after.lexicographicallyPrecedes(name) { continue }
      kept.append(name)
      if kept.count >= 2 * count + 1024 { shorten() }
    }
    shorten()
    return kept
  }
}
