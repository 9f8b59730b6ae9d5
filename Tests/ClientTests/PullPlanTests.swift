import Client
import TestSupport
import Testing
import Vocabulary

@Suite struct PullPlanTests {
  private static func digest(_ content: UInt8) -> Digest {
    Digest(bytes: Array(repeating: content, count: 32))!
  }

  private func file(_ path: String, _ content: UInt8, mode: String? = nil) throws -> PulledFile {
    try PulledFile(
      EntryAnswer(path: path, size: 3, sha256: Self.digest(content).hex, mode: mode, mtime: nil))
  }

  private func plan(
    old: [PulledFile] = [], new: [PulledFile] = [], _ facts: [String: LocalFact], files: [String] = []
  ) throws -> PullPlan {
    var byPath: [BundlePath: LocalFact] = [:]
    for (path, fact) in facts { byPath[try BundlePath(path)] = fact }
    let there =
      try files.map { try BundlePath($0) }
      + byPath.filter { if case .file = $0.value { true } else { false } }.map(\.key)
    return PullPlan(old: old, new: new, facts: byPath, files: Set(there))
  }

  /// The table of docs/getting-data-out.md: old content 1, new content 2, a local change 9.
  @Test(
    "D31 what happens to a file follows from what was held, what is wanted and what is there",
    arguments: [
      (.file(digest(2)), true, true, "kept"), (.file(digest(2)), false, true, "kept"),
      (.missing, true, true, "written"), (.missing, false, true, "written"),
      (.file(digest(1)), true, true, "written"), (.file(digest(1)), false, true, "written conflict"),
      (.file(digest(9)), true, true, "written conflict"), (.file(nil), true, true, "written conflict"),
      (.file(nil), false, true, "written conflict"), (.other, true, true, "written conflict"),
      (.unreadable, true, true, "written conflict"), (.file(digest(1)), true, false, "removed"),
      (.file(digest(9)), true, false, "left"), (.file(nil), true, false, "left"),
      (.other, true, false, "left"),
      (.missing, true, false, ""), (.folder, true, false, ""), (.blocked, true, false, ""),
      (.blocked, false, true, "blocked"), (.folder, false, true, "written"),
    ] as [(LocalFact, Bool, Bool, String)])
  func table(fact: LocalFact, isOld: Bool, isNew: Bool, expected: String) throws {
    let plan = try plan(
      old: isOld ? [file("a/f", 1)] : [], new: isNew ? [file("a/f", 2)] : [], ["a/f": fact])
    var words: [String] = []
    if !plan.kept.isEmpty { words.append("kept") }
    if !plan.written.isEmpty { words.append("written") }
    if !plan.conflicts.isEmpty { words.append("conflict") }
    if !plan.removed.isEmpty { words.append("removed") }
    if !plan.left.isEmpty { words.append("left") }
    if !plan.blocked.isEmpty { words.append("blocked") }
    #expect(words.joined(separator: " ") == expected)
  }

  @Test("a kept file whose mode is another in the new bundle is touched")
  func touched() throws {
    let plan = try plan(
      old: [file("a", 2, mode: "0644"), file("b", 2, mode: "0644")],
      new: [file("a", 2, mode: "0755"), file("b", 2, mode: "0644")],
      ["a": .file(Self.digest(2)), "b": .file(Self.digest(2))])
    #expect(plan.kept.count == 2)
    #expect(plan.touched.map(\.path.text) == ["a"])
  }

  @Test("a folder of the older bundle gives way to a file, unless somebody else's file is in it")
  func folderToFile() throws {
    let old = try [file("a/x", 1), file("a/y/z", 1), file("a!", 1)]
    let facts: [String: LocalFact] = [
      "a/x": .file(Self.digest(1)), "a/y/z": .file(Self.digest(1)), "a!": .file(Self.digest(1)), "a": .folder,
    ]
    let free = try plan(old: old, new: [file("a", 2)], facts)
    #expect(free.written.map(\.path.text) == ["a"] && free.blocked.isEmpty)
    #expect(Set(free.removedBefore.map(\.text)) == ["a/x", "a/y/z"])
    let taken = try plan(old: old, new: [file("a", 2)], facts, files: ["a/y/mine"])
    #expect(taken.written.isEmpty && taken.blocked.map(\.text) == ["a"])
  }

  @Test("a file of the older bundle gives way to a folder, unless it was changed")
  func fileToFolder() throws {
    let new = try [file("a/b/c", 2)]
    let free = try plan(old: [file("a", 1)], new: new, ["a": .file(Self.digest(1)), "a/b/c": .blocked])
    #expect(free.written.count == 1 && free.removedBefore.map(\.text) == ["a"])
    let changed = try plan(old: [file("a", 1)], new: new, ["a": .file(Self.digest(9)), "a/b/c": .blocked])
    #expect(changed.blocked.map(\.text) == ["a/b/c"] && changed.left.map(\.text) == ["a"])
  }

  @Test("a name filter takes paths that match somewhere, by scalars, and refuses what is no expression")
  func filter() throws {
    let entries = ["a/b.txt", "a/b.bin", "é.txt", "e\u{301}.txt", "x/a/b.txt"].map {
      EntryAnswer(path: $0, size: 1, sha256: Self.digest(1).hex, mode: nil, mtime: nil)
    }
    func matching(_ pattern: String) throws -> [String] {
      try NameFilter(pattern).split(entries).matching.map(\.path)
    }
    #expect(try matching("txt$").count == 4)
    #expect(try matching("^a/") == ["a/b.txt", "a/b.bin"])
    #expect(try matching("^(?!a/)") == ["é.txt", "e\u{301}.txt", "x/a/b.txt"])
    #expect(try matching("^.\\.txt$").map { Array($0.utf8) } == [Array("é.txt".utf8)])
    #expect(try NameFilter("a/b").split(entries).others.count == 2)
    for bad in ["", "(", "[", String(repeating: "x", count: 1001)] {
      #expect(throws: NameFilter.Flaw.self) { try NameFilter(bad) }
    }
  }
}
