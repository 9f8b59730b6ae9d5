import Blobs
import Vocabulary

/// What lies directly below one folder of a bundle.
package struct FolderListing: Sendable, Equatable {
  package enum Item: Sendable, Equatable {
    /// The counts take in everything below; nil when counting would have taken long.
    case folder(name: String, fileCount: Int64?, byteCount: Int64?)
    case file(Entry)
  }
  package var items: [Item]
  /// Where the following page begins, nil on the last.
  package var next: Int64?

  package init(items: [Item], next: Int64?) {
    self.items = items
    self.next = next
  }
}

extension ManifestReader {
  /// A listing reads no more entries than this to count what its folders hold.
  package static let mostCountedEntries = 20_000

  /// Up to `limit` of what lies in `folder` (the root when nil), in path order; nil when the bundle has no such folder.
  ///
  /// - Parameter position: nil, or what an earlier call gave as `next`.
  /// - Throws: `ProblemError` with `bad-request` for a position of another list; `ManifestError`, `BlobError`.
  package func listing(
    of folder: BundlePath?, from position: Int64? = nil, limit: Int,
    mostCounted: Int = mostCountedEntries
  ) async throws -> FolderListing? {
    let prefix = folder.map { Array($0.text.utf8) + [UInt8(ascii: "/")] } ?? []
    var lines = ManifestLines(self)
    if let position {
      guard try await isFirst(position, below: prefix) else {
        throw ProblemError(.badRequest, detail: "the cursor does not belong to this list")
      }
      lines.seek(to: position)
    } else {
      lines.seek(to: try await self.position(ofFirstAtLeast: prefix))
    }
    var listing = FolderListing(items: [], next: nil)
    var uncounted = mostCounted
    while let entry = try await lines.entry() {
      let path = Array(entry.path.text.utf8)
      guard path.starts(with: prefix) else { break }
      guard listing.items.count < limit else {
        listing.next = lines.position
        break
      }
      guard let slash = path[prefix.count...].firstIndex(of: UInt8(ascii: "/")) else {
        listing.items.append(.file(entry))
        try await lines.advance()
        continue
      }
      let below = Array(path[...slash])
      let count = try await self.count(below: below, &lines, &uncounted)
      listing.items.append(
        .folder(
          name: String(decoding: path[prefix.count..<slash], as: UTF8.self), fileCount: count?.files,
          byteCount: count?.bytes))
    }
    return listing.items.isEmpty && folder != nil ? nil : listing
  }

  /// Where the first entry begins whose path is not before `key` in byte order; the manifest's end when there is none.
  package func position(ofFirstAtLeast key: [UInt8]) async throws -> Int64 {
    var low = Self.start
    var high = blob.size
    // Invariant: lines before `low` are before the key, those from `high` on are not.
    while low < high {
      let line = try await line(at: low + (high - low) / 2, notBefore: low)
      if try Manifest.parse(line.bytes).path.text.utf8.lexicographicallyPrecedes(key) {
        low = line.end
      } else {
        high = line.start
      }
    }
    return low
  }

  /// Moves `lines` behind everything below `folder` (which ends with a slash), counting it if that does not take long.
  private func count(
    below folder: [UInt8], _ lines: inout ManifestLines, _ uncounted: inout Int
  ) async throws -> (files: Int64, bytes: Int64)? {
    var count: (files: Int64, bytes: Int64) = (0, 0)
    while uncounted > 0 {
      guard let entry = try await lines.entry(), entry.path.text.utf8.starts(with: folder) else {
        return count
      }
      uncounted -= 1
      count.files += 1
      // Sizes of a damaged manifest may be anything.
      count.bytes &+= entry.size
      try await lines.advance()
    }
    // The byte behind the slash: the first path behind all that begin with the folder.
    let end = try await position(ofFirstAtLeast: folder.dropLast() + [UInt8(ascii: "/") + 1])
    let isCounted = end == lines.position
    lines.seek(to: end)
    return isCounted ? count : nil
  }

  /// Whether a line of the folder begins at the position, and it is the first of what it belongs to there.
  private func isFirst(_ position: Int64, below prefix: [UInt8]) async throws -> Bool {
    guard position >= Self.start, position < blob.size,
      let entry = try await page(from: position, limit: 1).entries.first
    else { return false }
    let path = Array(entry.path.text.utf8)
    guard path.starts(with: prefix) else { return false }
    guard let slash = path[prefix.count...].firstIndex(of: UInt8(ascii: "/")) else { return true }
    return try await self.position(ofFirstAtLeast: Array(path[...slash])) == position
  }
}
