import Blobs
import Bundles
import Catalog
import CatalogSQLite
import Doctor
import Platform
import TestSupport
import Testing
import Uploads
import Vocabulary

@Suite struct RebuildTests {
  private let fixture: DoctorFixture
  private let files = LinuxFileSystem()

  init() async throws { fixture = try await DoctorFixture() }

  private func rebuild() throws -> CatalogRebuild.Report { try fixture.rebuild() }

  /// What a catalog says of bundles.
  private struct Contents: Equatable {
    var repos: [RepoRecord]
    var bundles: [BundleRecord]
    var labels: [LabelRecord]
    var packed: [PackedObject]
  }

  private func contents(_ name: String = "catalog.sqlite") throws -> Contents {
    let copy = try SQLiteCatalogCopy(of: fixture.temporary.child(name))
    return try copy.catalog.readNow { reader in
      let repos = try reader.repos(after: nil, limit: 100).filter { $0.bundleCount > 0 }
      return Contents(
        repos: repos,
        bundles: try repos.flatMap { try reader.bundles(of: $0.name, before: nil, limit: 100) },
        labels: try reader.labels(after: nil, limit: 100),
        packed: try reader.packedObjects(after: nil, limit: 100))
    }
  }

  @Test("a rebuilt catalog has all that the old one said of bundles, and every byte of them is there")
  func whole() async throws {
    let old = try contents()
    let bytes = try fixture.temporary.bytes(of: "catalog.sqlite")
    let others = try fixture.temporary.listing().filter { !$0.key.hasPrefix("catalog") }
    let report = try rebuild()
    #expect(report.repos == 1 && report.bundles == 2 && report.labels == 1 && report.packedObjects == 4)
    #expect(report.earlierCatalog == "catalog.sqlite.before-20231114T221322000Z")
    #expect(try fixture.temporary.bytes(of: try #require(report.earlierCatalog)) == bytes)
    #expect(try contents() == old)
    #expect(try fixture.temporary.listing().filter { !$0.key.hasPrefix("catalog") } == others)
    #expect(
      try fixture.findings(isDeep: true) == [
        "partial-unknown \(try fixture.upload("half").id)",
        "object-orphan \(SHA256Stream.digest(of: pattern(5)))",
      ])

    try await goOn(with: old.bundles)
    #expect(try fixture.check(isDeep: true).isSound)
  }

  /// What a server does with the folder afterwards: bundles verify, the next has the next number and takes the label.
  private func goOn(with bundles: [BundleRecord]) async throws {
    let server = try Server(fixture.temporary.path, fixture.clock)
    for bundle in bundles {
      let check = try await BundleCheck(blobs: server.store).run(bundle, isDeep: true)
      #expect(check.flaws == [] && check.fileCount == bundle.fileCount)
    }
    fixture.clock.advance(milliseconds: 1000)
    try await server.commit(["new": pattern(8)], label: "draft")
    let draft = try await server.catalog.read { reader in
      try reader.bundle(of: DoctorFixture.repo, label: try LabelName("draft"))
    }
    #expect(draft?.sequence == 3)
    try server.catalog.close()
  }

  @Test("a catalog that is missing is made anew, and one that is broken is kept, with its log")
  func brokenCatalog() throws {
    let old = try contents()
    try fixture.replace("catalog.sqlite", with: Array("no database".utf8))
    try fixture.temporary.write("its log", to: "catalog.sqlite-wal")
    let earlier = try #require(try rebuild().earlierCatalog)
    #expect(try fixture.temporary.text(of: earlier) == "no database")
    #expect(try fixture.temporary.text(of: earlier + "-wal") == "its log")
    #expect(try contents() == old)
    try fixture.remove("catalog.sqlite")
    fixture.clock.advance(milliseconds: 1)
    #expect(try rebuild().earlierCatalog == nil)
    #expect(try contents() == old)
  }

  @Test("an earlier catalog that was moved away is never replaced")
  func taken() throws {
    let earlier = try #require(try rebuild().earlierCatalog)
    let bytes = try fixture.temporary.bytes(of: earlier)
    let current = try fixture.temporary.bytes(of: "catalog.sqlite")
    #expect(throws: DoctorError.self) { try rebuild() }
    #expect(try fixture.temporary.bytes(of: earlier) == bytes)
    #expect(try fixture.temporary.bytes(of: "catalog.sqlite") == current)
  }

  @Test("what an interrupted rebuild left is begun anew")
  func interrupted() throws {
    let old = try contents()
    try fixture.temporary.write("half a catalog", to: CatalogRebuild.temporaryName)
    try fixture.temporary.write("its log", to: CatalogRebuild.temporaryName + "-wal")
    _ = try rebuild()
    #expect(try contents() == old)
    #expect(try fixture.temporary.files().allSatisfy { !$0.contains("rebuilding") })
  }

  @Test("a record whose content is damaged is not taken for its object")
  func damagedRecord() throws {
    try fixture.overwrite(try fixture.packName(), at: fixture.extent(of: pattern(20)).offset, with: [0, 0])
    #expect(try rebuild().packedObjects == 3)
    #expect(
      try fixture.findings().filter { $0.hasPrefix("entry") } == ["entry-missing \(fixture.bundles[1].id) a"])
  }

  @Test("a descriptor alone is no bundle: the newest needs its manifest")
  func noProof() throws {
    let last = fixture.bundles[1]
    try fixture.remove(fixture.object(last.digest))
    #expect(try rebuild().bundles == 1)
    #expect(try contents().bundles.map(\.id) == [fixture.bundles[0].id])
    #expect(try contents().labels.map(\.bundle) == [fixture.bundles[0].id])
    #expect(try fixture.findings().contains("descriptor-unknown \(fixture.descriptor(last))"))
  }

  @Test("a descriptor that a cancelled push left is not taken for the bundle of its number that was deleted")
  func staleDescriptor() throws {
    var random = SeededRandom(seed: 1)
    var stale = fixture.bundles[0]
    try fixture.remove(fixture.descriptor(stale))
    (stale.id, stale.digest) = (random.id(), random.digest())
    try fixture.temporary.write(
      BundleDescriptor.text(stale, folder: DoctorFixture.repo), to: fixture.descriptor(stale))
    #expect(try rebuild().bundles == 1)
    #expect(try contents().bundles.map(\.id) == [fixture.bundles[1].id])
  }

  @Test("MUST-5: a bundle whose number was taken stays in the catalog, and its missing manifest is a fault")
  func lostManifest() throws {
    let first = fixture.bundles[0]
    try fixture.remove(fixture.object(first.digest))
    #expect(try rebuild().bundles == 2)
    #expect(try fixture.findings().contains("manifest-missing \(first.id)"))
  }

  @Test("files in bundles/ that are not what a commit wrote are passed over")
  func foreign() throws {
    let old = try contents()
    let text = try fixture.temporary.text(of: fixture.descriptor(fixture.bundles[1]))
    var random = SeededRandom(seed: 1)
    let other: BundleID = random.id()
    let others = [
      "films/00000009-\(other).json", "others/00000001-\(fixture.bundles[1].id).json", "films/readme",
    ]
    for name in others {
      try fixture.temporary.write(text, to: "bundles/\(name)")
    }
    try fixture.temporary.write("{}", to: "bundles/films/00000008-\(other).json")
    _ = try rebuild()
    #expect(try contents() == old)
  }
}

@Suite struct BundleSelectionTests {
  /// A descriptor of this bundle with this number, the later in the list the later written.
  private func selection(_ descriptors: (bundle: Character, sequence: Int64)...) throws -> [String] {
    var random = SeededRandom(seed: 1)
    let ids: [Character: BundleID] = ["x": random.id(), "y": random.id(), "z": random.id()]
    let push: PushID = random.id()
    let digest = random.digest()
    let records = try descriptors.enumerated().map { index, descriptor in
      BundleRecord(
        id: try #require(ids[descriptor.bundle]), repo: .inbox, sequence: descriptor.sequence, digest: digest,
        message: "", label: nil, author: nil, push: push, fileCount: 0, byteCount: 0,
        createdAt: Timestamp(milliseconds: Int64(index)))
    }
    let orders = [BundleSelection.choose(among: records), BundleSelection.choose(among: records.reversed())]
    #expect(orders[0] == orders[1])
    return try orders[0].map { bundle in
      "\(bundle.sequence)\(try #require(ids.first { $0.value == bundle.id }?.key))"
    }
  }

  @Test("bundles that never met another come back by their numbers")
  func plain() throws {
    #expect(try selection(("y", 2), ("x", 1), ("z", 4)) == ["1x", "2y", "4z"])
    #expect(try selection() == [])
  }

  @Test("of several descriptors of one bundle the greatest number counts")
  func movedOn() throws {
    #expect(try selection(("x", 1), ("y", 1), ("x", 2)) == ["1y", "2x"])
    #expect(try selection(("x", 1), ("y", 1), ("x", 2), ("z", 2), ("x", 3)) == ["1y", "2z", "3x"])
  }

  @Test("of several bundles with one number the one written last counts: the others were cancelled before")
  func cancelled() throws {
    #expect(try selection(("x", 1), ("y", 1), ("z", 2)) == ["1y", "2z"])
    #expect(try selection(("x", 1), ("y", 1), ("z", 1)) == ["1z"])
  }
}
