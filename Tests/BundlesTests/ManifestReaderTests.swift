import Bundles
import TestSupport
import Testing
import Vocabulary

@Suite struct ManifestReaderTests {
  private func entries(_ count: Int, _ random: inout SeededRandom) -> [Entry] {
    var paths: Set<BundlePath> = []
    while paths.count < count { paths.insert(random.path()) }
    return paths.sorted().map { random.entry(path: $0) }
  }

  private func reader(_ entries: [Entry]) -> ManifestReader {
    ManifestReader(MemoryBlob(Manifest.header + entries.map(Manifest.line).joined()))
  }

  @Test("D24 pages of any size, one after the other, are the whole list", arguments: [0, 1, 2, 99, 300])
  func paging(count: Int) async throws {
    var random = SeededRandom(seed: UInt64(count))
    let entries = entries(count, &random)
    let reader = reader(entries)
    for limit in [1, 2, 3, 7, 98, 99, 100, 300, 1000] {
      var seen: [Entry] = []
      var position: Int64? = ManifestReader.start
      while let from = position {
        let page = try await reader.page(from: from, limit: limit)
        #expect(page.entries.count == min(limit, entries.count - seen.count))
        seen += page.entries
        position = page.next
      }
      #expect(seen == entries)
    }
    var seen: [Entry] = []
    try await reader.visit { seen.append($0) }
    #expect(seen == entries)
  }

  @Test("lines longer than what is read at once are put together")
  func longLines() async throws {
    var random = SeededRandom(seed: 1)
    let component = String(repeating: "\"", count: 254)
    let entries = try (0..<40).map { number in
      let parts = Array(repeating: component, count: 15) + ["\(number + 10)"]
      return random.entry(path: try BundlePath(parts.joined(separator: "/")))
    }
    let reader = reader(entries)
    #expect(try await reader.page(from: ManifestReader.start, limit: 100).entries == entries)
    for entry in entries { #expect(try await reader.entry(at: entry.path) == entry) }
  }

  @Test(
    "bisection finds exactly the entries that exist", arguments: Array(0...40) + [99, 100, 101, 200, 300])
  func bisection(count: Int) async throws {
    var random = SeededRandom(seed: UInt64(count) + 1000)
    let all = entries(count + 60, &random)
    let kept = Set(all.shuffled(using: &random).prefix(count).map(\.path))
    let entries = all.filter { kept.contains($0.path) }
    let reader = reader(entries)
    for entry in entries { #expect(try await reader.entry(at: entry.path) == entry) }
    for entry in all where !kept.contains(entry.path) {
      #expect(try await reader.entry(at: entry.path) == nil)
    }
    // Neighbours of what exists: before it, behind it, below it.
    for entry in entries.prefix(50) {
      for text in [entry.path.text + "/x", entry.path.text + "!", String(entry.path.text.dropLast())] {
        guard let path = try? BundlePath(text), !kept.contains(path) else { continue }
        #expect(try await reader.entry(at: path) == nil)
      }
    }
  }

  @Test(
    "looking for many paths at once finds what looking for each alone finds",
    arguments: [0, 1, 2, 40, 300, 2000])
  func manyPaths(count: Int) async throws {
    var random = SeededRandom(seed: UInt64(count) + 2000)
    let all = entries(count + 60, &random)
    let kept = Set(all.shuffled(using: &random).prefix(count).map(\.path))
    let reader = reader(all.filter { kept.contains($0.path) })
    for share in [1, 2, 10, 100] {
      let asked = all.filter { _ in random.int(0...share) == 0 }
      let found = try await reader.entries(at: asked.map(\.path))
      #expect(found == asked.map { kept.contains($0.path) ? $0 : nil })
    }
    #expect(try await reader.entries(at: []) == [])
  }

  @Test("a position that begins no line is refused as a cursor, not as damage")
  func foreignCursors() async throws {
    var random = SeededRandom(seed: 5)
    let entries = entries(10, &random)
    let reader = reader(entries)
    var starts: Set<Int64> = []
    var end = ManifestReader.start
    for entry in entries {
      starts.insert(end)
      end += Int64(Manifest.line(entry).utf8.count)
    }
    starts.insert(end)
    for position in -2...end + 2 where !starts.contains(position) {
      let error = await #expect(throws: ProblemError.self) { try await reader.page(from: position, limit: 5) }
      #expect(error?.problem == .badRequest)
    }
    #expect(try await reader.page(from: end, limit: 5).entries == [])
  }

  @Test("a damaged line and a line without an end are told, however long they are")
  func damage() async throws {
    var random = SeededRandom(seed: 6)
    let line = Manifest.line(random.entry())
    for tail in ["{}\n", String(line.dropLast()), "\n", String(repeating: "x", count: 200_000)] {
      let reader = ManifestReader(MemoryBlob(Manifest.header + line + tail))
      await #expect(throws: ManifestError.self) {
        try await reader.page(from: ManifestReader.start, limit: 10)
      }
    }
  }
}
