import Platform
import TestSupport
import Testing
import Uploads
import Vocabulary

/// Small files that come together while the disk or the catalog fails.
@Suite struct ManyFilesFaultTests {
  private static let files: [(path: String, content: String)] = [("a", "1"), ("b", "2"), ("c", "1")]
  private static let content = Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.content) })

  private func files() throws -> [WholeFile] {
    try Self.files.map { try ManyFiles.file($0.path, $0.content) }
  }

  @Test("507 below the reserve, before and while the content is written: no file is there, later all are")
  func reserve() async throws {
    let many = try await ManyFiles(EngineFixture(smallBytes: 1000))
    let disk = TightFileSystem(free: 1_000_000 - 1)
    let engine = many.fixture.limited(files: disk) { $0.reserveBytes = 1_000_000 }
    for free in [999_999, 1_000_001] as [Int64] {
      disk.setFree(free)
      many.fixture.clock.advance(seconds: 1)
      #expect(await many.problem(try files(), on: engine) == .storageFull)
      #expect(try await many.uploads().isEmpty)
      #expect(try many.packedBytes() == 0)
    }
    // Two contents of one byte each: the third is equal to the first.
    disk.setFree(1_000_002)
    many.fixture.clock.advance(seconds: 1)
    #expect(try await many.send(files(), on: engine) == ["stored", "stored", "stored"])
    #expect(try await many.stored() == Self.content)
  }

  @Test("B-12 whatever call of the disk fails, no file is half there, and sent again all are")
  func disk() async throws {
    for kind in [FileError.Kind.full, .other] {
      for number in 1...100 {
        let faulty = try FaultyEngine(smallBytes: 1000)
        let many = try await ManyFiles(faulty.fixture)
        faulty.files.fail(call: number, kind: kind)
        let problem = await many.problem(try files(), on: faulty.engine)
        guard faulty.files.wasHit else {
          #expect(problem == nil && number > 3, "there are fewer calls than a pack needs")
          break
        }
        let step: Comment = "\(kind) at call \(number): \(faulty.files.trace.last ?? "")"
        if problem != nil {
          #expect(kind == .other || problem == .storageFull, step)
          #expect(try await many.uploads().isEmpty, step)
        }
        faulty.files.heal()
        let outcomes = try await many.send(files(), on: faulty.engine)
        #expect(outcomes == Array(repeating: problem == nil ? "exists" : "stored", count: 3), step)
        #expect(try await many.stored(by: faulty.engine) == Self.content, step)
      }
    }
  }

  @Test(
    "MUST-1 a crash between pack and catalog, or before the answer, leaves all of the files or none",
    arguments: FaultyCatalog.Moment.allCases)
  func crash(moment: FaultyCatalog.Moment) async throws {
    for number in 1...10 {
      let faulty = try FaultyEngine(smallBytes: 1000)
      let many = try await ManyFiles(faulty.fixture)
      faulty.catalog.fail(call: number, moment)
      let problem = await many.problem(try files(), on: faulty.engine)
      guard faulty.catalog.wasHit else {
        #expect(problem == nil && number > 2, "there are fewer calls than a look and a change")
        return
      }
      #expect(problem != nil)
      let restarted = faulty.fixture.restarted()
      try await restarted.recover()
      let there = try await many.stored(by: restarted)
      #expect(there.isEmpty || there == Self.content, "call \(number)")
      #expect(try await many.uploads().count == there.count)
      let outcomes = try await many.send(files(), on: restarted)
      #expect(outcomes == Array(repeating: there.isEmpty ? "stored" : "exists", count: 3), "call \(number)")
      #expect(try await many.stored(by: restarted) == Self.content)
    }
  }
}
