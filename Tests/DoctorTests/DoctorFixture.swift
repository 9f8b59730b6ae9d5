import Blobs
import Bundles
import Catalog
import CatalogSQLite
import Doctor
import Foundation
import GRDB
import Platform
import Pushes
import Scheduling
import TestSupport
import Testing
import Uploads
import Vocabulary

/// A data folder that the real engine and committer filled, closed as after the end of the server.
final class DoctorFixture {
  let temporary: TemporaryFolder
  let layout: DiskLayout
  let clock = ManualClock()
  /// Uploads by the path they have.
  private(set) var uploads: [String: UploadRecord] = [:]
  private(set) var bundles: [BundleRecord] = []

  /// Two bundles of one repo (small files in a pack, one with a file of its own), one upload half done, one verified.
  init() async throws {
    temporary = try TemporaryFolder()
    layout = DiskLayout(root: temporary.path)
    try await fill()
  }

  private func fill() async throws {
    let server = try Server(temporary.path, clock)
    for (label, contents) in [
      ("draft", ["a": pattern(10), "b/large": pattern(100_000)]),
      ("draft", ["a": pattern(20), "c \"d\"": pattern(300), "b/large": pattern(100_000)]),
    ] {
      clock.advance(milliseconds: 1000)
      try await server.commit(contents, label: label)
    }
    _ = try await server.upload("half", length: 90_000, bytes: pattern(70_000), push: nil)
    _ = try await server.upload("whole", length: 5, bytes: pattern(5), push: nil)
    let catalog = server.catalog
    let (records, bundles) = try await catalog.read { reader in
      (
        try reader.uploads(in: Set(UploadState.allCases), after: nil, limit: 100),
        try reader.bundles(of: Self.repo, before: nil, limit: 100)
      )
    }
    for record in records { uploads[record.path.text] = record }
    self.bundles = bundles.reversed()
    try catalog.close()
    try SQLiteCatalog.foldLog(at: layout.catalog)
  }

  static let repo: RepoName = {
    do { return try RepoName("films") } catch { preconditionFailure("a plain name") }
  }()

  func upload(_ path: String) throws -> UploadRecord { try #require(uploads[path]) }
  func partial(_ id: UploadID) -> String { "partial/\(id.text.suffix(2))/\(id)" }
  func object(_ digest: Digest) -> String { "objects/\(digest.hex.prefix(2))/\(digest.hex)" }
  var large: Digest { SHA256Stream.digest(of: pattern(100_000)) }
  func descriptor(_ bundle: BundleRecord) -> String { "bundles/films/\(BundleDescriptor.name(bundle))" }
  func packName() throws -> String {
    "packs/\(try #require(try LinuxFileSystem().list(layout.packs).sorted().first))"
  }

  /// Where the content of a small file lies.
  func extent(of bytes: [UInt8]) throws -> Extent {
    let digest = SHA256Stream.digest(of: bytes)
    let copy = try SQLiteCatalogCopy(of: layout.catalog)
    return try #require(try copy.catalog.readNow { try $0.extents(of: [digest])[digest] })
  }

  /// Writes bytes over those of a file, whatever its mode.
  func overwrite(_ name: String, at offset: Int64, with bytes: [UInt8]) throws {
    var content = try temporary.bytes(of: name)
    content.replaceSubrange(Int(offset)..<Int(offset) + bytes.count, with: bytes)
    try replace(name, with: content)
  }

  /// Puts other content into a file and leaves its mode.
  func replace(_ name: String, with bytes: [UInt8]) throws {
    let mode = try FileInfo.of(temporary.child(name))?.mode ?? 0o644
    try LinuxFileSystem().remove(temporary.child(name))
    try temporary.write(bytes, to: name)
    try FileAttributes.restore(temporary.child(name), mode: mode, modifiedNanoseconds: nil)
  }

  func remove(_ name: String) throws { try LinuxFileSystem().remove(temporary.child(name)) }

  /// Changes the catalog past all its rules.
  func damage(_ sql: String) throws {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    let queue = try DatabaseQueue(path: layout.catalog, configuration: configuration)
    try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    try queue.close()
  }

  /// What a check finds; fails when it changes anything.
  func check(isDeep: Bool = false) throws -> DoctorReport {
    let before = try temporary.listing()
    let folder = try ClosedFolder.open(temporary.path, on: LinuxFileSystem())
    let copy = try SQLiteCatalogCopy(of: layout.catalog)
    let check = DoctorCheck(
      layout: folder.layout, files: LinuxFileSystem(), clock: clock, isDeep: isDeep)
    let report = try copy.catalog.readNow { try check.run($0) }
    #expect(try temporary.listing() == before)
    return report
  }

  /// What `sheaf doctor --rebuild-catalog` does.
  func rebuild() throws -> CatalogRebuild.Report {
    let files = LinuxFileSystem()
    let folder = try ClosedFolder.open(temporary.path, on: files, makesLock: true)
    let replacement = CatalogReplacement(layout: folder.layout, files: files)
    try replacement.begin()
    let catalog = try SQLiteCatalog(path: replacement.temporary)
    var report = try CatalogRebuild(layout: folder.layout, files: files).run { try catalog.writeNow($0) }
    try catalog.close()
    try SQLiteCatalog.foldLog(at: replacement.temporary)
    report.earlierCatalog = try replacement.finish(at: clock.now())
    return report
  }

  /// Codes and subjects of the findings, in their order.
  func findings(isDeep: Bool = false) throws -> [String] {
    try check(isDeep: isDeep).findings.map { "\($0.code.rawValue) \($0.subject)" }
  }
}

/// The parts of a server that make data, over one data folder.
final class Server: Sendable {
  let catalog: SQLiteCatalog
  let store: DiskBlobStore
  let engine: UploadEngine
  let pushes: PushRegister
  private let committer: Committer
  private let entropy = SeededEntropy(seed: 1)
  private let clock: ManualClock
  private let folder: DataFolder

  init(_ root: String, _ clock: ManualClock) throws {
    let files = LinuxFileSystem()
    folder = try DataFolder.open(root, on: files)
    let layout = folder.layout
    catalog = try SQLiteCatalog(path: layout.catalog)
    let executor = ThreadedExecutor(name: "test", threads: 2)
    store = DiskBlobStore(
      layout: layout, files: files, executor: executor,
      hashers: DiskHashers(urgent: executor, patient: executor), index: CatalogExtents(catalog: catalog),
      clock: clock, entropy: entropy, isSynced: false)
    engine = UploadEngine(
      catalog: catalog, blobs: store, clock: clock, entropy: entropy,
      limits: UploadLimits(
        maximumBytes: 1 << 30, expirySeconds: 1000, orphanExpirySeconds: 1000, pushExpirySeconds: 1000),
      wakeScheduler: {}, report: { line in Issue.record("reported: \(line)") })
    pushes = PushRegister(
      catalog: catalog, clock: clock, entropy: entropy, expirySeconds: 1000, wakeScheduler: {})
    let logs = PushLogs(
      path: { layout.pushLog($0) }, files: files, executor: executor, clock: clock, report: { _ in })
    committer = Committer(catalog: catalog, blobs: store, logs: logs, clock: clock)
    self.clock = clock
  }

  func upload(_ path: String, length: Int64, bytes: [UInt8], push: PushID?) async throws -> UploadRecord {
    var pairs = [UploadMetadata.Pair(key: "path", value: Array(path.utf8))]
    if let push { pairs.append(.init(key: "push", value: Array(push.text.utf8))) }
    let creation = CreateIntent(length: length, metadata: UploadMetadata(raw: nil, pairs: pairs))
    let outcome = await engine.perform(.create(creation), body: nil, client: nil)
    guard case .created(let view, _) = outcome else { throw Unexpected(outcome: "\(outcome)") }
    let append = AppendIntent(offset: 0)
    let answer = await engine.perform(.append(view.id, append), body: GivenBody(bytes), client: nil)
    guard case .appended = answer else { throw Unexpected(outcome: "\(answer)") }
    return try #require(try await catalog.read { try $0.upload(view.id) })
  }

  func commit(_ contents: [String: [UInt8]], label: String) async throws {
    let request = PushRequest(
      repo: DoctorFixture.repo, message: "a \"message\"", label: try LabelName(label), author: "somebody",
      sealWhenComplete: false, files: nil)
    let push = try await pushes.open(request)
    for (path, bytes) in contents.sorted(by: { $0.key < $1.key }) {
      _ = try await upload(path, length: Int64(bytes.count), bytes: bytes, push: push.id)
    }
    try await commit(push.id)
  }

  /// Seals the push and commits it.
  func commit(_ id: PushID) async throws {
    _ = try await pushes.seal(id)
    let bundle = BundleID.make(clock: clock, entropy: entropy)
    try await catalog.write { transaction in
      guard var push = try transaction.push(id) else { return }
      push.state = .admitted
      push.bundle = bundle
      push.attempts = 1
      try transaction.update(push)
    }
    try await committer.commit(id)
  }

  struct Unexpected: Error { let outcome: String }
}

/// A body that is there already.
final class GivenBody: UploadBody {
  private let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }
  func deliver(to sink: any UploadSink) async throws(BodyInterrupted) { _ = sink.take(bytes) }
  func interrupt() {}
}

/// So many bytes, which differ with their number.
func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ count) }
}

func makeLink(_ path: String, to target: String) throws {
  try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
}
