import Blobs
import Bundles
import Catalog
import CatalogSQLite
import Platform
import TestSupport
import Testing
import Vocabulary

/// D41: a collection keeps what the catalog does not know of, and goes on where something else fails.
@Suite struct CollectorSafetyTests {
  private let fixture: CollectionFixture

  init() throws { fixture = try CollectionFixture() }

  /// The catalog as it is now, opened as one that is put back later.
  private func backUp() throws -> SQLiteCatalog {
    let copy = fixture.commits.temporary.child("backup.sqlite")
    try SQLiteCatalogBackup.copy(fixture.commits.layout.catalog, to: copy)
    return try SQLiteCatalog(path: copy)
  }

  @Test(
    "MUST-6 bundles that are newer than a catalog that was put back keep their manifests, objects and packs")
  func restoredCatalog() async throws {
    try await fixture.commit(["a": "old"])
    let restored = try backUp()
    let newer = try await fixture.commit(["a": "new", "b": "small"])
    // One of its files is in a pack and nowhere else.
    try await fixture.pack("small")
    try LinuxFileSystem().remove(fixture.commits.temporary.child(fixture.path(fixture.digest("small"))))
    let before = try fixture.commits.temporary.files().filter { !$0.contains("sqlite") }
    let report = try await fixture.collect(in: restored)
    #expect(report.removedObjects == 0 && report.rewrittenPacks == 0)
    #expect(report.faults.contains { $0.contains(newer.id.text) })
    #expect(try fixture.commits.temporary.files().filter { !$0.contains("sqlite") } == before)
    let check = try await BundleCheck(blobs: fixture.store).run(newer, isDeep: true)
    #expect(check.flaws == [])
    try restored.close()
  }

  @Test("MUST-6 a bundle in the folder of a repo that a restored catalog does not have is kept too")
  func unknownRepo() async throws {
    let restored = try backUp()
    let newer = try await fixture.commit(["a": "new"])
    #expect(try await fixture.collect(in: restored).removedObjects == 0)
    #expect(try await BundleCheck(blobs: fixture.store).run(newer, isDeep: true).flaws == [])
    try restored.close()
  }

  @Test("D41 a descriptor without its manifest, and what is no descriptor, stop no collection")
  func leftDescriptor() async throws {
    let restored = try backUp()
    let newer = try await fixture.commit(["a": "gone"])
    try LinuxFileSystem().remove(fixture.commits.temporary.child(fixture.path(newer.digest)))
    try fixture.commits.temporary.write("{}", to: "bundles/films/00000009-\(newer.id).json")
    try fixture.commits.temporary.write("text", to: "bundles/readme")
    #expect(try await fixture.collect(in: restored).removedObjects == 1)
    try restored.close()
  }

  @Test("MUST-6 a damaged manifest of a bundle that the catalog does not have stops the collection")
  func damagedManifest() async throws {
    let restored = try backUp()
    let newer = try await fixture.commit(["a": "kept"])
    try fixture.damage(fixture.path(newer.digest), at: 2)
    let error = await #expect(throws: ProblemError.self) { try await fixture.collect(in: restored) }
    #expect(error?.detail.contains(newer.id.text) == true)
    #expect(fixture.commits.temporary.exists(fixture.path(fixture.digest("kept"))))
    try restored.close()
  }

  @Test("D41 a planned step that fails stops no collection, and is told of")
  func failingStep() async throws {
    let first = try await fixture.commit(["a": "one"])
    try await fixture.commit(["a": "two"])
    _ = try await fixture.repos.deleteBundle(first.id.text, of: fixture.films, by: nil)
    try await fixture.collect()
    let dead = try await fixture.commits.store(Array("dead".utf8))
    // A folder where only files are expected cannot be removed.
    try fixture.commits.temporary.write("text", to: "bundles/other/folder/file")
    try await fixture.catalog.write { try $0.plan(.removeFolder, "other") }
    let report = try await fixture.collect()
    #expect(report.removedObjects == 1 && report.faults.count == 1)
    #expect(!fixture.commits.temporary.exists(fixture.path(dead)))
  }

  @Test("D41 findings of objects that are gone go with the collection")
  func findings() async throws {
    let dead = try await fixture.commits.store(Array("dead".utf8))
    let kept = try await fixture.commit(["a": "kept"])
    let now = fixture.commits.clock.now()
    try await fixture.catalog.write { transaction in
      for digest in [dead, kept.digest] {
        try transaction.save(ScrubFinding(digest: digest, reason: "damaged", at: now))
      }
    }
    try await fixture.collect()
    let findings = try await fixture.catalog.read { try $0.scrubFindings(after: nil, limit: 10) }
    #expect(findings.map(\.digest) == [kept.digest])
  }

  @Test("MUST-6 a file that is verified early and committed during the mark stays")
  func committedMeanwhile() async throws {
    let (push, bundle, _) = try await fixture.commits.admit(["a": "one", "b": "two"], repo: fixture.films)
    let catalog = PausedCatalog(fixture.catalog) { [fixture] in
      try await fixture.commits.committer(blobs: fixture.store).commit(push)
    }
    try await fixture.collect(in: catalog)
    let record = try #require(try await fixture.catalog.read { try $0.bundle(bundle) })
    #expect(try await BundleCheck(blobs: fixture.store).run(record, isDeep: true).flaws == [])
  }

  @Test("MUST-6 a bundle that begins to be sent, and is deleted, before the snapshot keeps what it has")
  func sentMeanwhile() async throws {
    let bundle = try await fixture.commit(["a": "one"])
    try await fixture.commit(["a": "two"])
    let inFlight = BundlesInFlight()
    let sending = Locked<BundleInFlight?>(nil)
    let catalog = PausedCatalog(fixture.catalog) { [fixture] in
      sending.withLock { $0 = inFlight.begin(bundle.digest) }
      _ = try await fixture.repos.deleteBundle(bundle.id.text, of: fixture.films, by: nil)
    }
    #expect(try await fixture.collect(in: catalog, inFlight: inFlight).removedObjects == 0)
    sending.withLock { $0 = nil }
    #expect(try await fixture.collect(inFlight: inFlight).removedObjects == 2)
  }

  @Test("the server collects so long after the last collection, also when it was started in between")
  func schedule() async throws {
    let (clock, hour) = (fixture.commits.clock, Int64(3_600_000))
    func isDue() throws -> Bool {
      try fixture.commits.sqlite.readNow {
        try CollectionSchedule(seconds: 24 * 3600, clock: clock, $0)
      }.isDue()
    }
    #expect(try !isDue())
    let begin = clock.now()
    try await fixture.catalog.write {
      try $0.record(NewEvent(at: begin, kind: .repoCreated, subject: "films"))
    }
    clock.advance(milliseconds: 23 * hour)
    #expect(try !isDue())
    clock.advance(milliseconds: hour)
    #expect(try isDue())
    let run = clock.now()
    try await fixture.catalog.write {
      try $0.record(NewEvent(at: run, kind: .collectionRun, subject: "objects"))
    }
    clock.advance(milliseconds: 23 * hour)
    #expect(try !isDue())
    clock.advance(milliseconds: hour)
    let schedule = try fixture.commits.sqlite.readNow {
      try CollectionSchedule(seconds: 24 * 3600, clock: clock, $0)
    }
    #expect(schedule.isDue())
    #expect(!schedule.isDue())
  }
}

/// Does something once, after the first read of another catalog that comes behind its planned steps.
private final class PausedCatalog: CatalogStore {
  private let base: any CatalogStore
  private let act: @Sendable () async throws -> Void
  private let calls = Locked(0)

  init(_ base: any CatalogStore, act: @escaping @Sendable () async throws -> Void) {
    self.base = base
    self.act = act
  }

  func read<Result: Sendable>(
    _ body: @escaping @Sendable (any CatalogReader) throws -> Result
  ) async throws -> Result {
    let result = try await base.read(body)
    let isNow = calls.withLock { calls in
      calls += 1
      return calls == 2
    }
    if isNow { try await act() }
    return result
  }

  func write<Result: Sendable>(
    _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
  ) async throws -> Result { try await base.write(body) }
  func sync() async throws { try await base.sync() }
  func close() throws { try base.close() }
}
