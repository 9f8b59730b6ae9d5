import Client
import Foundation
import TestSupport
import Testing

/// How `sheaf bag export` keeps to its folder.
@Suite struct BagExportTests {
  private let bundle: FakeBundle
  private let bench: PullBench

  init() throws {
    bundle = try FakeBundle("b1", ["a": "one", "b/c": "two", "empty": ""])
    bench = try PullBench()
  }

  private func expectBag(_ place: Comment) async throws {
    #expect(try await bench.checkBag(bench.copy) == ["a", "b/c", "empty"], place)
    #expect(!bench.folder.exists("copy/.sheaf"), place)
  }

  @Test("D32 an export that ended anywhere goes on, and until then is no bag or a whole one")
  func brokenOff() async throws {
    for number in 1... {
      if bench.folder.exists("copy") { try FileManager.default.removeItem(atPath: bench.copy) }
      bench.faults.fail(call: number, isLasting: true)
      let failure: (any Error)?
      do {
        try await bench.export(bundle, to: bench.copy)
        failure = nil
      } catch { failure = error }
      let wasHit = bench.faults.wasHit
      bench.faults.heal()
      if bench.folder.exists("copy/bagit.txt") {
        #expect(try await bench.checkBag(bench.copy).count == 3, "call \(number)")
      }
      if failure != nil { try await bench.export(bundle, to: bench.copy) }
      try await expectBag("call \(number)")
      guard wasHit else { break }
    }
  }

  @Test("D32 a pulled folder is no interrupted export, whatever names its files have")
  func pulled() async throws {
    let names = ["bag-info.txt", "manifest-sha256.txt", "data/a"]
    for count in 1...names.count {
      if bench.folder.exists("copy") { try FileManager.default.removeItem(atPath: bench.copy) }
      let mine = try FakeBundle(
        "b2", Dictionary(uniqueKeysWithValues: names.prefix(count).map { ($0, "mine") }))
      try await bench.pull(mine)
      let before = try bench.folder.listing()
      await #expect(throws: BagExport.Refusal.self) { try await bench.export(bundle, to: bench.copy) }
      #expect(try bench.folder.listing() == before)
    }
  }

  @Test("D32 a folder with anything of somebody's is refused, also beside an export's notes")
  func notEmpty() async throws {
    try bench.folder.write("", to: "copy/.sheaf/bag/lock")
    try bench.folder.write("mine", to: "copy/letter")
    let refusal = await #expect(throws: BagExport.Refusal.self) {
      try await bench.export(bundle, to: bench.copy)
    }
    #expect(refusal?.description.contains("not empty") == true)
    #expect(refusal?.description.contains("not valid") == false)
    await #expect(throws: BagExport.Refusal.self) {
      try await bench.export(bundle, to: bench.folder.child("copy/letter"))
    }
    try FileManager.default.removeItem(atPath: bench.folder.child("copy/letter"))
    try await bench.export(bundle, to: bench.copy)
    try await expectBag("afterwards")
  }
}
