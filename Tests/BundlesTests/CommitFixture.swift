import Blobs
import Bundles
import Catalog
import CatalogSQLite
import Platform
import TestSupport
import Testing
import Vocabulary

/// A committer over a real disk and a real catalog, whose file and catalog calls can be made to fail.
final class CommitFixture: Sendable {
  let temporary: TemporaryFolder
  let files: FaultyFileSystem
  let catalog: FaultyCatalog
  /// The same, for changes from where nothing can be awaited.
  let sqlite: SQLiteCatalog
  let clock = ManualClock()
  let layout: DiskLayout
  let reports = Locked<[String]>([])
  private let folder: DataFolder
  private let random = Locked(SeededRandom(seed: 1))

  init() throws {
    temporary = try TemporaryFolder()
    files = FaultyFileSystem(in: temporary)
    folder = try DataFolder.open(temporary.path, on: LinuxFileSystem())
    layout = folder.layout
    sqlite = try SQLiteCatalog(path: folder.layout.catalog)
    catalog = FaultyCatalog(sqlite)
  }

  /// As a process that has just started would have it.
  func store(index: any ExtentIndex = NoExtents()) -> DiskBlobStore {
    DiskBlobStore(
      layout: layout, files: files, executor: TestThreads.executor,
      hashers: TestThreads.hashers, index: index, clock: ManualClock(), entropy: SystemEntropy(),
      isSynced: true)
  }

  func logs() -> PushLogs {
    let (layout, reports) = (layout, reports)
    return PushLogs(
      path: { layout.pushLog($0) }, files: files, executor: ThreadedExecutor(name: "logs", threads: 1),
      clock: clock,
      report: { line in reports.withLock { $0.append(line) } })
  }

  func committer(blobs: DiskBlobStore? = nil) -> Committer {
    Committer(catalog: catalog, blobs: blobs ?? store(), logs: logs(), clock: clock)
  }

  func id<Kind>() -> Identifier<Kind> { random.withLock { $0.id() } }

  func store(_ bytes: [UInt8]) async throws -> Digest {
    let writer = try await store().makeObject()
    try await writer.write(bytes)
    return try await writer.finish()
  }

  /// An admitted push whose uploads are verified and stored; its entries in path order.
  func admit(
    _ contents: [String: String], repo: RepoName = .inbox, label: LabelName? = nil
  ) async throws -> (push: PushID, bundle: BundleID, entries: [Entry]) {
    let push = PushRecord.sample(id(), .admitted, repo: repo, label: label, bundle: id())
    var uploads: [UploadRecord] = []
    for (path, text) in contents {
      let bytes = Array(text.utf8)
      uploads.append(
        .sample(
          id(), .verified, push: push.id, path: try BundlePath(path), length: Int64(bytes.count),
          digest: try await store(bytes), modifiedAt: Timestamp(milliseconds: 1_600_000_000_123), mode: 0o644)
      )
    }
    let records = uploads
    try await catalog.write { transaction in
      try transaction.insert(push, expecting: [])
      for upload in records { try transaction.insert(upload) }
    }
    let entries = uploads.compactMap { upload in
      upload.digest.map {
        Entry(
          path: upload.path, size: upload.length ?? 0, digest: $0, mode: upload.mode,
          modifiedAt: upload.modifiedAt)
      }
    }
    return (push.id, try #require(push.bundle), entries.sorted { $0.path < $1.path })
  }

  /// What the scheduler does with an interrupted commit after a restart, in short.
  func readmit(_ id: PushID) async throws {
    try await catalog.write { transaction in
      guard var push = try transaction.push(id) else { return }
      push.state = .admitted
      try transaction.update(push)
    }
  }

  func record(_ id: PushID) async throws -> PushRecord {
    try #require(try await catalog.read { try $0.push(id) })
  }

  func bundles(of repo: RepoName = .inbox) async throws -> [BundleRecord] {
    try await catalog.read { try $0.bundles(of: repo, before: nil, limit: 100) }
  }

  func events(_ kind: EventKind) async throws -> Int {
    try await catalog.read { try $0.events(after: 0, limit: 1000) }.filter { $0.event.kind == kind }.count
  }
}

/// The manifest of these entries.
func manifest(_ entries: [Entry]) -> String { Manifest.header + entries.map(Manifest.line).joined() }

/// Where small objects lie, from the catalog.
struct FixtureIndex: ExtentIndex {
  let catalog: any CatalogStore
  func extents(of digests: [Digest]) async throws(BlobError) -> [Digest: Extent] {
    do { return try await catalog.read { try $0.extents(of: digests) } } catch { throw .failed("\(error)") }
  }
}
