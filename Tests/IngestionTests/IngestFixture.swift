import Blobs
import Catalog
import CatalogSQLite
import Foundation
import Ingestion
import Platform
import TestSupport
import Testing
import Uploads
import Vocabulary

/// A runner over a real disk, a real catalog and a real source folder, whose calls can be meddled with.
final class IngestFixture: Sendable {
  let temporary: TemporaryFolder
  let tree: TemporaryFolder
  let files: FaultyFileSystem
  let catalog: FaultyCatalog
  let layout: DiskLayout
  let clock = ManualClock()
  let meddling = Meddling()
  let logs = Locked<[String]>([])
  let wakes = Locked(0)
  private let folder: DataFolder
  static let smallBytes = 1000

  init() throws {
    temporary = try TemporaryFolder()
    tree = try TemporaryFolder()
    files = FaultyFileSystem(in: temporary)
    folder = try DataFolder.open(temporary.path, on: LinuxFileSystem())
    layout = folder.layout
    catalog = FaultyCatalog(try SQLiteCatalog(path: folder.layout.catalog))
  }

  func blobs() -> DiskBlobStore {
    DiskBlobStore(
      layout: layout, files: files, executor: TestThreads.executor, hashers: TestThreads.hashers,
      index: CatalogExtents(catalog: catalog), clock: clock, entropy: SystemEntropy(), isSynced: true)
  }

  /// As a process that has just started would have it.
  func runner(sources: [String] = ["disk"]) -> IngestRunner {
    let (logs, wakes, meddling, path) = (logs, wakes, meddling, tree.path)
    return IngestRunner(
      sources: SourceList(
        sources.map { name in
          Source(name: name) { () throws(FileError) in
            MeddledTree(base: try ConfinedFolder(path), meddling: meddling)
          }
        }),
      services: IngestServices(
        catalog: catalog, blobs: blobs(), executor: TestThreads.executor, clock: clock,
        entropy: SystemEntropy(), smallBytes: Self.smallBytes, reserveBytes: 0,
        log: { _, line in logs.withLock { $0.append(line) } }, report: { _ in },
        wakeScheduler: { wakes.withLock { $0 += 1 } }))
  }

  func request(
    _ path: String = "", files: [String] = [], factor: Int = 4, repo: RepoName = .inbox
  ) throws -> IngestRequest {
    IngestRequest(
      repo: repo, message: "a tree", source: "disk", path: path.isEmpty ? nil : try BundlePath(path),
      files: try files.map { try BundlePath($0) }, concurrencyFactor: factor)
  }

  /// Opens a push and takes it in; returns it as it is then.
  func push(_ request: IngestRequest) async throws -> PushRecord {
    let runner = runner()
    let push = try await runner.open(request)
    await runner.runUntilIdle()
    return try await record(push.id)
  }

  func record(_ id: PushID) async throws -> PushRecord {
    try #require(try await catalog.read { try $0.push(id) })
  }

  func uploads(of id: PushID) async throws -> [UploadRecord] {
    try await catalog.read { try $0.uploads(ofPush: id, after: nil, limit: 10_000) }
  }

  /// The push has exactly these files, each of them stored with its bytes.
  func expect(_ id: PushID, has contents: [String: [UInt8]]) async throws {
    let uploads = try await uploads(of: id)
    #expect(uploads.map(\.path.text) == contents.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    for upload in uploads {
      #expect(upload.state == .verified)
      let content = try #require(contents[upload.path.text])
      let digest = try #require(upload.digest)
      #expect(digest == SHA256Stream.digest(of: content), "\(upload.path)")
      let object = try await blobs().openObject(digest)
      #expect(try await object.read(content.count + 1, at: 0) == content, "\(upload.path)")
      #expect(upload.length == Int64(content.count))
    }
    #expect(try temporary.files().filter { $0.hasPrefix("objects/.incoming/") } == [])
  }

  /// Small and large files, some in folders.
  func writeTree() throws -> [String: [UInt8]] {
    var random = SeededRandom(seed: 5)
    var contents: [String: [UInt8]] = ["empty": []]
    for (name, size) in [
      ("a", 10), ("a.b", 999), ("sub/one", 1000), ("sub/deep/two", 1001), ("sub/three", 50_000),
      ("name with spaces é", 200_000),
    ] { contents[name] = random.bytes(size) }
    for (name, bytes) in contents { try tree.write(bytes, to: name) }
    return contents
  }
}

/// What happens to a source while it is read.
final class Meddling: Sendable {
  /// Called with the path and how many times it was opened, right after it was.
  typealias Act = @Sendable (_ path: String, _ count: Int) throws -> Void
  private let state = Locked<(act: Act?, counts: [String: Int])>((nil, [:]))

  private let forbidden = Locked<String?>(nil)

  /// The file with this path may not be read.
  func forbid(_ path: String) { forbidden.withLock { $0 = path } }
  func isForbidden(_ path: String) -> Bool { forbidden.withLock { $0 } == path }

  func onOpen(_ act: @escaping Act) { state.withLock { $0 = (act, [:]) } }
  func count(of path: String) -> Int { state.withLock { $0.counts[path] ?? 0 } }

  func opened(_ path: String) {
    let (act, count) = state.withLock { state in
      state.counts[path, default: 0] += 1
      return (state.act, state.counts[path] ?? 0)
    }
    do { try act?(path, count) } catch { Issue.record("\(error)") }
  }
}

private struct MeddledTree: SourceTree {
  let base: ConfinedFolder
  let meddling: Meddling

  var isInPlace: Bool { base.isInPlace }
  func info(_ path: String) throws(FileError) -> FileInfo? { try base.info(path) }
  func folder(_ path: String) throws(FileError) -> FolderStream { try base.folder(path) }
  func open(_ path: String) throws(FileError) -> any StampedFile {
    if meddling.isForbidden(path) {
      throw FileError(
        kind: .denied, call: "openat2", path: path, code: 13, explanation: "Permission denied")
    }
    return MeddledFile(base: try base.open(path)) { [meddling] in meddling.opened(path) }
  }
}

/// Meddles right after its first stamp.
private final class MeddledFile: StampedFile {
  private let base: any StampedFile
  private let meddle: @Sendable () -> Void
  private let isFirst = Locked(true)

  init(base: any StampedFile, meddle: @escaping @Sendable () -> Void) {
    self.base = base
    self.meddle = meddle
  }
  func stamp() throws(FileError) -> FileStamp {
    let stamp = try base.stamp()
    let isFirst = isFirst.withLock { isFirst in
      defer { isFirst = false }
      return isFirst
    }
    if isFirst { meddle() }
    return stamp
  }
  func write(_ chunks: [any ByteChunk], at offset: Int64) throws(FileError) {
    try base.write(chunks, at: offset)
  }
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
    try base.read(into: buffer, at: offset)
  }
  func size() throws(FileError) -> Int64 { try base.size() }
  func truncate(to size: Int64) throws(FileError) { try base.truncate(to: size) }
  func sync() throws(FileError) { try base.sync() }
  func linkCount() throws(FileError) -> Int { try base.linkCount() }
  func setPermissions(_ mode: UInt32) throws(FileError) { try base.setPermissions(mode) }
  func close() { base.close() }
}
