import Client
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// How `sheaf pull` treats the folder while disks fail, people edit, and earlier pulls have broken off.
@Suite struct BundlePullTests {
  /// More than what travels together with others.
  private static let large = String(repeating: "large ", count: 60_000)
  private static let larger = String(repeating: "larger", count: 60_000)

  private let first: FakeBundle
  private let second: FakeBundle
  private let third: FakeBundle
  private let bench: PullBench

  init() throws {
    first = try FakeBundle(
      "b1",
      [
        "same": "same", "changed": "before", "gone": "gone", "moved": "moves", "turns/a": "turns",
        "large": Self.large,
      ])
    second = try FakeBundle(
      "b2",
      [
        "same": "same", "changed": "after!", "there/moved": "moves", "new": "new", "twin": "new",
        "turns": "a file", "large": Self.larger, "empty": "",
      ], modes: ["same": "0600"])
    third = try FakeBundle(
      "b3", ["same": "same", "changed": "before", "moved": "moves", "turns/a": "again", "large": Self.large])
    bench = try PullBench()
  }

  /// Ends the folder as it was before there was anything in it.
  private func clear() throws {
    if bench.folder.exists("copy") { try FileManager.default.removeItem(atPath: bench.copy) }
  }

  /// Whether every file is whole: as one of the bundles has it.
  private func expectWhole(_ bundles: [FakeBundle], _ place: Comment) throws {
    for (path, text) in try bench.texts() where path != "mine" {
      #expect(bundles.contains { $0.texts[path] == text }, "\(place): \(path)")
    }
  }

  @Test(
    "D31 no failed call of the file system leaves half a file or a wrong note, and the next pull mends it")
  func faults() async throws {
    for number in 1... {
      try clear()
      try await bench.pull(first)
      bench.faults.fail(call: number, kind: number % 2 == 0 ? .full : .other)
      let outcome = try? await bench.pull(second)
      let isDone = outcome?.failed.isEmpty == true
      let wasHit = bench.faults.wasHit
      bench.faults.heal()
      try expectWhole([first, second], "call \(number)")
      // A file that could not be read is taken for somebody's: it is not removed, and named.
      let left = first.texts.filter { outcome?.left.contains($0.key) == true }
      let expected = second.texts.merging(left) { new, _ in new }
      if try bench.recorded() == "b2" {
        #expect(try bench.texts() == expected, "call \(number)")
      } else {
        #expect(try !isDone && bench.recorded() == "b1", "call \(number)")
      }
      let again = try await bench.pull(second)
      #expect(again.failed.isEmpty && again.left.isEmpty, "call \(number): \(again)")
      #expect(try bench.texts() == expected && bench.recorded() == "b2", "call \(number)")
      try bench.expectTidy("call \(number)")
      guard wasHit else { break }
    }
  }

  @Test(
    "D31 after a pull that ended anywhere, another bundle can be pulled, and nothing of the unfinished one stays"
  )
  func brokenOff() async throws {
    for number in 1... {
      try clear()
      try await bench.pull(first)
      try bench.folder.write("mine", to: "copy/mine")
      bench.faults.fail(call: number, isLasting: true)
      _ = try? await bench.pull(second)
      let wasHit = bench.faults.wasHit
      bench.faults.heal()
      try expectWhole([first, second], "call \(number)")
      // And once more, a little further on.
      bench.faults.fail(call: number / 2 + 10, isLasting: true)
      _ = try? await bench.pull(third)
      bench.faults.heal()
      let outcome = try await bench.pull(first)
      #expect(outcome.failed.isEmpty && outcome.left.isEmpty, "call \(number): \(outcome)")
      var texts = try bench.texts()
      #expect(texts.removeValue(forKey: "mine") == "mine")
      #expect(try texts == first.texts && bench.recorded() == "b1", "call \(number)")
      #expect(try FileInfo.of(bench.folder.child("copy/same"))?.mode == 0o644, "call \(number)")
      try bench.expectTidy("call \(number)")
      guard wasHit else { break }
    }
  }

  @Test("D31 what a filtered pull that broke off has written is known also after a pull with another filter")
  func filters() async throws {
    try await bench.pull(first)
    let cut = second.gateway { request in
      if request.path.hasSuffix("/files/new") { throw ClientError.network("cut") }
    }
    await #expect(throws: Unreachable.self) { try await bench.pull(second, from: cut, filter: "new|large") }
    #expect(try bench.texts()["large"] == Self.larger)
    try await bench.pull(third, filter: "same")
    try await bench.pull(third)
    #expect(try bench.texts() == third.texts)
    try bench.expectTidy("at the end")
  }

  /// Somebody's edits while the pull runs, once the first request comes.
  private func edited(_ bundle: FakeBundle, _ edits: [String: String]) -> FakeGateway {
    let (folder, isDone) = (bench.folder, Locked(false))
    return bundle.gateway { _ in
      let isFirst = isDone.withLock { isDone in
        defer { isDone = true }
        return !isDone
      }
      guard isFirst else { return }
      for (path, text) in edits {
        let place = folder.child("copy/\(path)")
        let before = try FileInfo.of(place)
        try folder.write(text, to: "copy/\(path)")
        // Of the same size and time: only what nobody can set tells.
        if let before {
          try FileAttributes.restore(
            place, mode: before.mode, modifiedNanoseconds: before.modifiedNanoseconds)
        }
      }
    }
  }

  private static let edits = ["changed": "edited", "new": "mine", "gone": "GONE", "large": "short"]

  @Test("D31 a file that somebody writes or changes while the pull runs stays, and is named")
  func editedMeanwhile() async throws {
    try await bench.pull(first)
    let outcome = try await bench.pull(second, from: edited(second, Self.edits))
    #expect(Set(outcome.failed.map(\.path)) == ["changed", "new", "large"], "\(outcome)")
    for file in outcome.failed { #expect(file.reason.contains("changed while the pull ran"), "\(file)") }
    let texts = try bench.texts()
    for (path, text) in Self.edits { #expect(texts[path] == text, "\(path)") }
    #expect(try texts["twin"] == "new" && bench.recorded() == "b1")
    // From now on they are conflicts like any other.
    let conflicts = await #expect(throws: BundlePull.Conflicts.self) { try await bench.pull(second) }
    #expect(conflicts?.paths == ["changed", "large", "new"])
    let forced = try await bench.pull(second, force: true)
    #expect(forced.failed.isEmpty && forced.left == ["gone"])
    #expect(try bench.texts() == second.texts.merging(["gone": "GONE"]) { $1 })
  }

  @Test("D31 a file that is to go is left when somebody changes it while the pull runs, and with force too")
  func editedBeforeRemoval() async throws {
    for force in [false, true] {
      try clear()
      try await bench.pull(first)
      let outcome = try await bench.pull(
        second, from: edited(second, force ? Self.edits : ["gone": "GONE"]), force: force)
      #expect(outcome.failed.isEmpty && outcome.left == ["gone"], "\(outcome)")
      #expect(try bench.texts() == second.texts.merging(["gone": "GONE"]) { $1 })
      #expect(try bench.recorded() == "b2")
    }
  }

  @Test("D31 other names of a replaced file do not count as changed because one of them went")
  func secondNames() async throws {
    let one = try FakeBundle("b1", ["a": "alike", "b": "alike", "c": "alike"])
    let two = try FakeBundle("b2", ["a": "other", "c": "third"])
    try await bench.pull(one)
    for name in ["b", "c"] {
      try FileManager.default.removeItem(atPath: bench.folder.child("copy/\(name)"))
      try FileManager.default.linkItem(
        atPath: bench.folder.child("copy/a"), toPath: bench.folder.child("copy/\(name)"))
    }
    let outcome = try await bench.pull(two)
    #expect(outcome.failed.isEmpty && outcome.left.isEmpty && outcome.removed == 1, "\(outcome)")
    #expect(try bench.texts() == two.texts)
  }

  @Test("D31 a part that is a second name of a file in its place is never written to")
  func linkedPart() async throws {
    let one = try FakeBundle("b1", ["same": "content", "a": "a"])
    let two = try FakeBundle("b2", ["again": "content", "a": "a"])
    try await bench.pull(one)
    // What a pull leaves that ends between the two names, and then somebody writes into the file.
    let digest = SHA256Stream.digest(of: Array("content".utf8))
    let part = bench.folder.child("copy/.sheaf/parts/\(digest.hex).part")
    try FileManager.default.linkItem(atPath: bench.folder.child("copy/same"), toPath: part)
    let file = try #require(FileHandle(forWritingAtPath: bench.folder.child("copy/same")))
    try file.write(contentsOf: Data("EDITED".utf8))
    try file.close()
    let outcome = try await bench.pull(two)
    #expect(outcome.failed.isEmpty && outcome.left == ["same"], "\(outcome)")
    #expect(try bench.texts() == ["again": "content", "a": "a", "same": "EDITEDt"])
  }

  @Test("D31 a part that has got a mode for reading only can be gone on with", arguments: [0o444, 0o400, 0])
  func readOnlyPart(mode: UInt32) async throws {
    let bundle = try FakeBundle("b1", ["large": Self.large], modes: ["large": "0\(String(mode, radix: 8))"])
    let digest = SHA256Stream.digest(of: Array(Self.large.utf8))
    let name = "copy/.sheaf/parts/\(digest.hex).part"
    try bench.folder.write(String(Self.large.prefix(100)), to: name)
    try FileAttributes.restore(bench.folder.child(name), mode: mode, modifiedNanoseconds: nil)
    bench.faults.heal()
    let outcome = try await bench.pull(bundle)
    #expect(outcome.failed.isEmpty, "\(outcome)")
    #expect(try FileInfo.of(bench.folder.child("copy/large"))?.mode == mode)
    // Whoever may do everything can read what nobody may, so the calls tell that others can too.
    let calls = bench.faults.trace.filter { $0.hasSuffix(name) && !$0.hasPrefix("read ") }
    let opened = try #require(
      calls.firstIndex { $0.hasPrefix("open-readWrite") || $0.hasPrefix("open-create") })
    #expect(calls[..<opened].contains { $0.hasPrefix("chmod") || $0.hasPrefix("unlink") }, "\(calls)")
  }
}
