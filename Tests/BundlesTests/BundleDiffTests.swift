import Bundles
import TestSupport
import Testing
import Vocabulary

@Suite struct BundleDiffTests {
  private func reader(_ entries: [Entry]) -> ManifestReader {
    ManifestReader(MemoryBlob(Manifest.header + entries.map(Manifest.line).joined()))
  }

  private func entry(_ path: String, _ content: UInt8, size: Int64 = 5, mode: Int? = 0o644) throws -> Entry {
    Entry(
      path: try BundlePath(path), size: size,
      digest: try #require(Digest(bytes: Array(repeating: content, count: 32))),
      mode: mode, modifiedAt: nil)
  }

  /// `letter path` or `R old -> new` of every change.
  private func lines(_ changes: [BundleDiff.Change]) throws -> [String] {
    try changes.map { change in
      let path = try #require(change.path).text
      guard change.kind == .renamed else { return "\(change.kind.letter) \(path)" }
      return "R \(try #require(change.old).path.text) -> \(path)"
    }
  }

  @Test("D32 added, deleted, updated and renamed files are told, in path order, with their counts")
  func kinds() async throws {
    let old = try [
      entry("a", 1), entry("b/gone", 2), entry("b/moved", 3), entry("c", 4), entry("same", 5), entry("z", 6),
    ]
    let new = try [
      entry("a", 9), entry("aa/new", 8), entry("c", 4, mode: 0o600), entry("d/moved here", 3),
      entry("same", 5), entry("z", 6),
    ]
    let page = try await BundleDiff(from: reader(old), to: reader(new)).page(limit: 100)
    #expect(
      try lines(page.changes) == ["U a", "A aa/new", "D b/gone", "R b/moved -> d/moved here"])
    #expect(page.next == nil)
    #expect(page.areRenamesMatched)
    var summary = BundleDiff.Summary()
    (summary.added, summary.deleted, summary.updated, summary.renamed, summary.unchanged) = (1, 1, 1, 1, 3)
    #expect(page.summary == summary)
    let equal = try await BundleDiff(from: reader(old), to: reader(old)).page(limit: 100)
    #expect(equal.changes.isEmpty)
    #expect(equal.summary.unchanged == 6)
  }

  @Test(
    "D32 the diff of any two bundles turns the first into the second, on pages of any size", arguments: 0..<8)
  func model(seed: Int) async throws {
    var random = SeededRandom(seed: UInt64(seed))
    var paths: Set<BundlePath> = []
    while paths.count < 120 { paths.insert(random.path()) }
    func some() throws -> [Entry] {
      try paths.sorted().filter { _ in random.int(0...3) > 0 }
        .map { try entry($0.text, UInt8(random.int(0...12)), size: Int64(random.int(0...2))) }
    }
    let (old, new) = (try some(), try some())
    let diff = BundleDiff(from: reader(old), to: reader(new))
    let whole = try await diff.page(limit: 10_000)
    for limit in [1, 2, 7, 50] {
      var changes: [BundleDiff.Change] = []
      var position: BundleDiff.Position? = .start
      while let from = position {
        let page = try await diff.page(from: from, limit: limit)
        #expect(page.changes.count <= limit)
        #expect(page.summary == whole.summary)
        changes += page.changes
        position = page.next
      }
      #expect(changes == whole.changes)
    }
    var applied = Dictionary(uniqueKeysWithValues: old.map { ($0.path, $0.digest) })
    for change in whole.changes {
      if let gone = change.old { applied[gone.path] = nil }
      if change.kind == .renamed { #expect(change.old?.digest == change.new?.digest) }
    }
    for change in whole.changes { if let new = change.new { applied[new.path] = new.digest } }
    #expect(applied == Dictionary(uniqueKeysWithValues: new.map { ($0.path, $0.digest) }))
    let listed = whole.changes.compactMap(\.path)
    #expect(listed == listed.sorted())
    let summary = whole.summary
    #expect(summary.unchanged + summary.updated + summary.added + summary.renamed == Int64(new.count))
    #expect(summary.unchanged + summary.updated + summary.deleted + summary.renamed == Int64(old.count))
  }

  @Test("D32 of equal contents the first path goes to the first, and empty files are never renamed")
  func matching() async throws {
    let old = try [entry("a1", 1), entry("a2", 1), entry("a3", 1), entry("empty", 2, size: 0)]
    let new = try [entry("b1", 1), entry("b2", 1), entry("void", 2, size: 0)]
    let page = try await BundleDiff(from: reader(old), to: reader(new)).page(limit: 100)
    #expect(try lines(page.changes) == ["D a3", "R a1 -> b1", "R a2 -> b2", "D empty", "A void"])
  }

  @Test("a position that begins no line is refused as a cursor")
  func foreignCursor() async throws {
    let entries = try [entry("a", 1), entry("b", 2)]
    let diff = BundleDiff(from: reader(entries), to: reader([]))
    for (old, new) in [
      (ManifestReader.start + 1, ManifestReader.start), (-1, 5), (1 << 40, ManifestReader.start),
    ] {
      let error = await #expect(throws: ProblemError.self) {
        try await diff.page(from: BundleDiff.Position(old: old, new: new), limit: 5)
      }
      #expect(error?.problem == .badRequest)
    }
  }
}
