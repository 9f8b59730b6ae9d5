import Blobs
import Bundles
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct FolderListingTests {
  private func entries(_ paths: some Collection<BundlePath>, _ random: inout SeededRandom) -> [Entry] {
    paths.sorted().map { random.entry(path: $0) }
  }

  private func reader(_ entries: [Entry]) -> ManifestReader {
    ManifestReader(MemoryBlob(Manifest.header + entries.map(Manifest.line).joined()))
  }

  /// What the listing must be, found by looking at every entry.
  private func expected(_ entries: [Entry], below folder: String) -> [FolderListing.Item] {
    let prefix = Array((folder.isEmpty ? "" : folder + "/").utf8)
    var items: [FolderListing.Item] = []
    for entry in entries where entry.path.text.utf8.starts(with: prefix) {
      let rest = Array(entry.path.text.utf8).dropFirst(prefix.count)
      guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else {
        items.append(.file(entry))
        continue
      }
      let mine = String(decoding: rest[..<slash], as: UTF8.self)
      if case .folder(let name, let files?, let bytes?) = items.last, name.utf8.elementsEqual(mine.utf8) {
        items[items.count - 1] = .folder(name: name, fileCount: files + 1, byteCount: bytes &+ entry.size)
      } else {
        items.append(.folder(name: mine, fileCount: 1, byteCount: entry.size))
      }
    }
    return items
  }

  private func all(
    _ reader: ManifestReader, _ folder: String, limit: Int, mostCounted: Int = 10_000
  ) async throws -> [FolderListing.Item] {
    var items: [FolderListing.Item] = []
    var position: Int64?
    repeat {
      let listing = try await reader.listing(
        of: folder.isEmpty ? nil : try BundlePath(folder), from: position, limit: limit,
        mostCounted: mostCounted)
      let page = try #require(listing)
      #expect(page.items.count <= limit)
      items += page.items
      position = page.next
    } while position != nil
    return items
  }

  @Test(
    "D34 every folder lists what lies directly in it, with counts, on pages of any size", arguments: 0..<6)
  func model(seed: Int) async throws {
    var random = SeededRandom(seed: UInt64(seed))
    // Neighbours of the slash in byte order stand between a folder and its name's continuations.
    let names = ["a", "a!", "a-", "a.b", "a0", "b", "ü", "e\u{301}"]
    var paths: Set<BundlePath> = []
    for _ in 0..<200 {
      let components = (0..<random.int(1...4)).map { _ in random.element(of: names) }
      let path = try BundlePath(components.joined(separator: "/"))
      if !paths.contains(where: { $0.contains(path) || path.contains($0) }) { paths.insert(path) }
    }
    let entries = entries(paths, &random)
    let reader = reader(entries)
    var folders: Set<BundlePath> = []
    for entry in entries {
      let components = entry.path.components
      for count in 1..<components.count {
        folders.insert(try BundlePath(components.prefix(count).joined(separator: "/")))
      }
    }
    for folder in [""] + folders.map(\.text) {
      let wanted = expected(entries, below: folder)
      for limit in [1, 2, 100] {
        let found = try await all(reader, folder, limit: limit)
        #expect(found == wanted, "\(folder)")
      }
      // Without counting, the same names come.
      let uncounted = try await all(reader, folder, limit: 3, mostCounted: 0)
      #expect(uncounted.count == wanted.count)
      for (item, full) in zip(uncounted, wanted) {
        switch (item, full) {
        case (.file(let entry), .file(let other)): #expect(entry == other)
        case (.folder(let name, nil, nil), .folder(let other, _, _)): #expect(name == other)
        default: Issue.record("\(item) for \(full)")
        }
      }
    }
    for path in paths {
      #expect(try await reader.listing(of: path, limit: 5) == nil, "a file is no folder")
    }
    #expect(try await reader.listing(of: try BundlePath("nowhere"), limit: 5) == nil)
  }

  @Test("D34 a folder is found, and sub-folders are skipped, by reading a small part of the manifest")
  func cost() async throws {
    var random = SeededRandom(seed: 1)
    var paths: [BundlePath] = []
    for number in 0..<30_000 { paths.append(try BundlePath("big/\(number % 7)/\(1_000_000 + number)")) }
    paths.append(try BundlePath("small/one"))
    let blob = CountingBlob(Manifest.header + entries(paths, &random).map(Manifest.line).joined())
    let reader = ManifestReader(blob)
    let small = try await reader.listing(of: try BundlePath("small"), limit: 10)
    #expect(small?.items.count == 1)
    #expect(blob.readBytes.withLock { $0 } < blob.size / 2)
    blob.readBytes.withLock { $0 = 0 }
    let root = try await reader.listing(of: nil, limit: 10, mostCounted: 10)
    #expect(root?.items.count == 2)
    #expect(blob.readBytes.withLock { $0 } < blob.size / 2)
  }

  @Test("D34 a cursor of another place is refused")
  func cursors() async throws {
    var random = SeededRandom(seed: 2)
    let entries = entries(try ["a/1", "a/2", "b"].map { try BundlePath($0) }, &random)
    let reader = reader(entries)
    let line = Int64(Manifest.line(entries[0]).utf8.count)
    let start = ManifestReader.start
    for (folder, position) in [(nil, start + line), (nil, start + 1), ("a", 1 << 40), ("a", -1)]
      as [(String?, Int64)]
    {
      let error = await #expect(throws: ProblemError.self) {
        try await reader.listing(of: try folder.map { try BundlePath($0) }, from: position, limit: 5)
      }
      #expect(error?.problem == .badRequest)
    }
    #expect(try await reader.listing(of: try BundlePath("a"), from: start + line, limit: 5)?.items.count == 1)
  }
}

/// Bytes in memory that count how many of them were read.
private final class CountingBlob: BlobReader {
  private let bytes: [UInt8]
  let readBytes = Locked<Int64>(0)
  init(_ text: String) { bytes = Array(text.utf8) }
  var size: Int64 { Int64(bytes.count) }
  func read(_ count: Int, at offset: Int64) async throws(BlobError) -> [UInt8] {
    let part = Array(bytes.dropFirst(Int(offset)).prefix(count))
    readBytes.withLock { $0 += Int64(part.count) }
    return part
  }
  func close() {}
}
