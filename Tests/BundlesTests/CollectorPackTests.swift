import Blobs
import Bundles
import Catalog
import CatalogSQLite
import Platform
import TestSupport
import Testing
import Vocabulary

/// D41: emptying packs loses nothing, whatever is damaged and wherever it ends.
@Suite struct CollectorPackTests {
  private let fixture: CollectionFixture

  init() throws { fixture = try CollectionFixture() }

  private func packs() throws -> [String] {
    try fixture.commits.temporary.files().filter { $0.hasPrefix("packs/") }
  }

  /// Where in a pack a bit is flipped, in front of the record of number 3 of 20, of which 3, 17 and 18 are needed.
  enum Damage: CaseIterable {
    case firstLine, magic, length, digest
    func offset(_ content: Int64) -> Int64 {
      let head = content - Int64(PackFormat.headBytes)
      return switch self {
      case .firstLine: 2
      case .magic: head
      case .length: head + 6
      case .digest: head + 10
      }
    }
  }

  @Test(
    "D41 a pack with damage in front of what the catalog has in it is kept, told of, and read as before",
    arguments: Damage.allCases)
  func damagedHead(_ damage: Damage) async throws {
    let extents = try await fixture.pack(20, alive: [3, 17, 18])
    try fixture.damage("packs/\(extents[3].pack)", at: damage.offset(extents[3].offset))
    for _ in 1...2 {
      let report = try await fixture.collect()
      #expect(report.rewrittenPacks == 0)
      #expect(report.faults.contains { $0.contains(extents[3].pack.text) })
      for number in [3, 17, 18] { #expect(try await fixture.isReadable(number), "\(number)") }
    }
    #expect(try packs().contains("packs/\(extents[3].pack)"))
  }

  @Test("D41 a pack with a torn end, behind all that the catalog has in it, is rewritten as any other")
  func tornEnd() async throws {
    let extents = try await fixture.pack(20, alive: [3])
    let path = "packs/\(extents[3].pack)"
    let bytes = try fixture.commits.temporary.bytes(of: path)
    try LinuxFileSystem().remove(fixture.commits.temporary.child(path))
    try fixture.commits.temporary.write(bytes + [1, 2, 3], to: path)
    let report = try await fixture.collect()
    #expect(report.rewrittenPacks == 1 && report.faults == [])
    #expect(try await fixture.isReadable(3))
    #expect(try !packs().contains(path))
  }

  @Test("D41 a record that cannot be read keeps its pack, and neither the rest of it nor other packs")
  func damagedContent() async throws {
    let first = try await fixture.pack(20, alive: [3, 17])
    try fixture.damage("packs/\(first[3].pack)", at: first[3].offset + 20)
    // Another pack: that of a process started later.
    let other = CollectionFixture.content(100)
    let later = fixture.commits.store(index: FixtureIndex(catalog: fixture.catalog))
    let extent = try await later.putSmall(Array(other.utf8), digest: fixture.digest(other))
    try await fixture.catalog.write { try $0.insert(extent, of: fixture.digest(other)) }
    #expect(extent.pack != first[3].pack)
    let report = try await fixture.collect()
    #expect(report.rewrittenPacks == 1 && report.faults.count == 1)
    #expect(try packs().contains("packs/\(first[3].pack)") && !packs().contains("packs/\(extent.pack)"))
    #expect(try await fixture.isReadable(17))
    let moved = try await fixture.catalog.read {
      try $0.extents(of: [fixture.digest(CollectionFixture.content(17))])
    }
    #expect(moved.values.first?.pack != first[17].pack)
    #expect(try await fixture.collect().faults.count == 1)
  }

  @Test("D41 what lies in a pack that is being emptied can be pushed again; nothing else gets a place in it")
  func closedPack() async throws {
    let extents = try await fixture.pack(3, alive: [1])
    try await fixture.catalog.write { try $0.close(extents[1].pack) }
    // As an upload does that has found the extent, before and after it is moved.
    let digest = fixture.digest(CollectionFixture.content(1))
    try await fixture.catalog.write { try $0.insert(extents[1], of: digest) }
    try await fixture.collect()
    try await fixture.catalog.write { try $0.insert(extents[1], of: digest) }
    #expect(try await fixture.isReadable(1))
    // What was forgotten is not brought back there.
    let gone = fixture.digest(CollectionFixture.content(2))
    let error = await #expect(throws: ProblemError.self) {
      try await fixture.catalog.write { try $0.insert(extents[2], of: gone) }
    }
    #expect(error?.problem == .busy)
  }

  @Test(
    "MUST-6 before a pack goes, the packs with its contents and the catalog are durable, whatever is configured"
  )
  func durable() async throws {
    let extents = try await fixture.pack(20, alive: [3])
    // Moved by a run that was stopped before it removed the pack.
    let moved = CollectionFixture.content(3)
    let earlier = DiskBlobStore(
      layout: fixture.commits.layout, files: LinuxFileSystem(), executor: TestThreads.executor,
      hashers: TestThreads.hashers, index: NoExtents(), clock: ManualClock(), entropy: SystemEntropy(),
      isSynced: false)
    let place = try await earlier.putSmall(Array(moved.utf8), digest: fixture.digest(moved))
    let (digest, old) = (fixture.digest(moved), extents[3])
    try await fixture.catalog.write { transaction in
      try transaction.close(old.pack)
      try transaction.moveExtent(of: digest, from: old, to: place)
    }
    let files = fixture.commits.files
    let catalog = SyncedCatalog(fixture.catalog) { files.trace.count }
    files.heal()
    #expect(try await fixture.collect(in: catalog, isSynced: false).rewrittenPacks == 1)
    let trace = files.trace
    let removal = try #require(trace.firstIndex(of: "unlink packs/\(old.pack)"))
    let calls = Set(trace[..<removal].filter { $0.hasPrefix("fsync") })
    #expect(calls.isSuperset(of: ["fsync packs/\(place.pack)", "fsync-folder packs"]))
    // Before anything goes, and again when the contents have been moved.
    let syncs = catalog.syncs.withLock { $0 }
    let lastRead = try #require(trace[..<removal].lastIndex { $0.hasPrefix("read packs/\(old.pack)") })
    #expect(syncs.contains { $0 > lastRead && $0 <= removal })
  }
}

/// Tells when another catalog was made durable.
private final class SyncedCatalog: CatalogStore {
  private let base: any CatalogStore
  private let now: @Sendable () -> Int
  let syncs = Locked<[Int]>([])

  init(_ base: any CatalogStore, now: @escaping @Sendable () -> Int) {
    self.base = base
    self.now = now
  }

  func read<Result: Sendable>(
    _ body: @escaping @Sendable (any CatalogReader) throws -> Result
  ) async throws -> Result { try await base.read(body) }

  func write<Result: Sendable>(
    _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
  ) async throws -> Result { try await base.write(body) }

  func sync() async throws {
    try await base.sync()
    let moment = now()
    syncs.withLock { $0.append(moment) }
  }

  func close() throws { try base.close() }
}
