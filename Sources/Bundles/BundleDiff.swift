import Blobs
import Vocabulary

/// What changes from one bundle to another: two manifests merged as sorted lists.
///
/// Paths and digests count; other modes and times are no difference. Memory holds a page of changes and what finding
/// renames needs, both limited, whatever the size of the bundles.
package struct BundleDiff: Sendable {
  /// One changed file; `old` is nil for one that was added, `new` for one that was deleted.
  package struct Change: Sendable, Equatable {
    package var kind: FileChange
    package var old: Entry?
    package var new: Entry?

    package init(kind: FileChange, old: Entry?, new: Entry?) {
      self.kind = kind
      self.old = old
      self.new = new
    }

    /// Where it is listed: its new path if it has one.
    package var path: BundlePath? { (new ?? old)?.path }
  }
  package struct Summary: Sendable, Equatable {
    package var added: Int64 = 0
    package var deleted: Int64 = 0
    package var updated: Int64 = 0
    package var renamed: Int64 = 0
    package var unchanged: Int64 = 0
    package init() {}
  }
  /// A place in both manifests.
  package struct Position: Sendable, Equatable {
    package var old: Int64
    package var new: Int64
    package static let start = Position(old: ManifestReader.start, new: ManifestReader.start)
    package init(old: Int64, new: Int64) {
      self.old = old
      self.new = new
    }
  }
  package struct Page: Sendable, Equatable {
    package var changes: [Change] = []
    /// nil on the last page.
    package var next: Position?
    /// Of the whole.
    package var summary = Summary()
    /// False when there were too many added and deleted files to match them.
    package var areRenamesMatched = true

    package init(
      changes: [Change] = [], next: Position? = nil, summary: Summary = Summary(),
      areRenamesMatched: Bool = true
    ) {
      self.changes = changes
      self.next = next
      self.summary = summary
      self.areRenamesMatched = areRenamesMatched
    }
  }

  private let old: ManifestReader
  private let new: ManifestReader

  package init(from old: ManifestReader, to new: ManifestReader) {
    self.old = old
    self.new = new
  }

  /// Up to `limit` changes from a position on (`.start`, or what an earlier call gave as `next`), in path order.
  ///
  /// Renames and the summary are those of the whole, so every page reads both manifests to their ends; lines that are the
  /// same in both are not taken apart.
  /// - Throws: `ProblemError` with `bad-request` for a position of another list; `ManifestError`, `BlobError`.
  package func page(from position: Position = .start, limit: Int) async throws -> Page {
    var page = Page()
    var match = RenameMatch()
    try await visit(from: .start) { old, new, _ in
      page.summary.count(old, new)
      if let old, new == nil { match.delete(old.path, old.digest, size: old.size) }
      if let new, old == nil { match.add(new.path, new.digest, size: new.size) }
      return true
    } unchanged: {
      page.summary.unchanged += 1
    }
    let renames = match.renames()
    page.areRenamesMatched = match.isWithinLimits
    page.summary.moved(Int64(renames.count))
    let origins = Set(renames.values)
    try await check(position)
    try await visit(from: position) { old, new, place in
      if let old, new == nil, origins.contains(old.path) { return true }
      guard page.changes.count < limit else {
        page.next = place
        return false
      }
      page.changes.append(try await change(old, new, renames))
      return true
    }
    return page
  }

  private func change(
    _ old: Entry?, _ new: Entry?, _ renames: [BundlePath: BundlePath]
  ) async throws -> Change {
    if let new, old == nil, let origin = renames[new.path] {
      return Change(kind: .renamed, old: try await self.old.entry(at: origin), new: new)
    }
    return Change(kind: new == nil ? .deleted : old == nil ? .added : .updated, old: old, new: new)
  }

  /// Tells of every path that is only in one manifest or has another digest, with its place, until `body` says false.
  private func visit(
    from position: Position, _ body: (Entry?, Entry?, Position) async throws -> Bool,
    unchanged: () -> Void = {}
  ) async throws {
    var oldLines = ManifestLines(old, at: position.old)
    var newLines = ManifestLines(new, at: position.new)
    while true {
      let place = Position(old: oldLines.position, new: newLines.position)
      let (oldLine, newLine) = (try await oldLines.line(), try await newLines.line())
      if oldLine == nil && newLine == nil { return }
      if let oldLine, let newLine, oldLine.elementsEqual(newLine) {
        unchanged()
        try await oldLines.advance()
        try await newLines.advance()
        continue
      }
      try Task.checkCancellation()
      var (oldEntry, newEntry) = (try await oldLines.entry(), try await newLines.entry())
      if let first = oldEntry?.path, let second = newEntry?.path, first != second {
        if first < second { newEntry = nil } else { oldEntry = nil }
      }
      if oldEntry != nil { try await oldLines.advance() }
      if newEntry != nil { try await newLines.advance() }
      if let oldEntry, let newEntry, oldEntry.digest == newEntry.digest {
        unchanged()
      } else if try await !body(oldEntry, newEntry, place) {
        return
      }
    }
  }

  private func check(_ position: Position) async throws {
    for (reader, place) in [(old, position.old), (new, position.new)] where place != ManifestReader.start {
      // Reading from there tells a position that begins no line.
      _ = try await reader.page(from: place, limit: 1)
    }
  }
}

extension BundleDiff.Summary {
  fileprivate mutating func count(_ old: Entry?, _ new: Entry?) {
    if new == nil { deleted += 1 } else if old == nil { added += 1 } else { updated += 1 }
  }

  /// So many pairs of an added and a deleted file are one renamed file each.
  fileprivate mutating func moved(_ count: Int64) {
    added -= count
    deleted -= count
    renamed += count
  }
}
