import Blobs
import Catalog
import CatalogSQLite
import Foundation
import Platform
import TestSupport
import Uploads
import Vocabulary

/// A real engine on a real disk and catalog in a folder of its own, with a clock that stands still unless moved.
final class EngineFixture: Sendable {
  final class Clock: WallClock {
    private let time = Locked(Timestamp(milliseconds: 1_700_000_000_000))
    func now() -> Timestamp { time.withLock { $0 } }
    func advance(seconds: Int64) { time.withLock { $0 = $0.adding(seconds: seconds) } }
  }

  let root: String
  let clock = Clock()
  let catalog: any CatalogStore
  let blobs: DiskBlobStore
  let engine: UploadEngine
  let limits: UploadLimits
  let layout: DiskLayout
  let reports = Locked<[String]>([])
  private let folder: DataFolder

  /// `root` of an earlier fixture that was closed: the same data after a restart.
  /// Without `smallBytes` every upload but an empty one has a partial file.
  init(
    root: String? = nil, maximumBytes: Int64 = 1 << 30, smallBytes: Int = 0, maximumAppendBytes: Int64 = .max
  ) throws {
    self.root = root ?? NSTemporaryDirectory() + "sheaf-engine-" + UUID().uuidString
    folder = try DataFolder.open(self.root, on: LinuxFileSystem())
    layout = folder.layout
    catalog = try SQLiteCatalog(path: layout.catalog)
    blobs = Self.store(layout, catalog, clock)
    limits = UploadLimits(
      maximumBytes: maximumBytes, expirySeconds: 1000, orphanExpirySeconds: 10, pushExpirySeconds: 5000,
      smallBytes: smallBytes, maximumAppendBytes: maximumAppendBytes)
    let reports = reports
    engine = UploadEngine(
      catalog: catalog, blobs: blobs, clock: clock, entropy: SystemEntropy(), limits: limits,
      wakeScheduler: {}, report: { line in reports.withLock { $0.append(line) } })
  }

  private static func store(_ layout: DiskLayout, _ catalog: any CatalogStore, _ clock: Clock)
    -> DiskBlobStore
  {
    let executor = ThreadedExecutor(name: "test", threads: 4)
    return DiskBlobStore(
      layout: layout, files: LinuxFileSystem(), executor: executor,
      hashers: DiskHashers(urgent: executor, patient: executor), index: CatalogExtents(catalog: catalog),
      clock: clock, entropy: SystemEntropy(), isSynced: false)
  }

  /// An engine that remembers nothing, over the same data, as after a restart.
  func restarted(blobs: (any BlobStore)? = nil) -> UploadEngine {
    let reports = reports
    return UploadEngine(
      catalog: catalog, blobs: blobs ?? Self.store(layout, catalog, clock), clock: clock,
      entropy: SystemEntropy(), limits: limits, wakeScheduler: {},
      report: { line in reports.withLock { $0.append(line) } })
  }
  deinit { try? FileManager.default.removeItem(atPath: root) }

  func partialPath(_ id: UploadID) -> String { "\(root)/partial/\(id.text.suffix(2))/\(id)" }

  func create(_ length: Int64?, _ metadata: [String: String] = [:]) async throws -> UploadID {
    let pairs = metadata.map { UploadMetadata.Pair(key: $0.key, value: Array($0.value.utf8)) }
    let outcome = await engine.perform(
      .create(CreateIntent(length: length, metadata: UploadMetadata(raw: nil, pairs: pairs))), body: nil,
      client: nil)
    guard case .created(let view, _) = outcome else { throw Unexpected(outcome) }
    return view.id
  }

  func perform(_ intent: CreateIntent, _ bytes: [UInt8] = []) async -> UploadOutcome {
    await engine.perform(
      .create(intent), body: intent.hasContent ? ScriptedBody([bytes], .clean) : nil, client: nil)
  }

  func perform(_ intent: AppendIntent, on id: UploadID, _ body: ScriptedBody) async -> UploadOutcome {
    await engine.perform(.append(id, intent), body: body, client: nil)
  }

  func append(_ id: UploadID, at offset: Int64, _ body: ScriptedBody, checksum: Checksum? = nil) async
    -> UploadOutcome
  {
    await engine.perform(
      .append(id, AppendIntent(offset: offset, checks: .checksum(checksum))), body: body, client: nil)
  }

  func append(_ id: UploadID, at offset: Int64, _ bytes: [UInt8], checksum: Checksum? = nil) async
    -> UploadOutcome
  {
    await append(id, at: offset, ScriptedBody([bytes], .clean), checksum: checksum)
  }

  func inspect(_ id: UploadID) async -> UploadOutcome {
    await engine.perform(.inspect(id), body: nil, client: nil)
  }

  func offset(_ id: UploadID) async throws -> Int64 {
    let outcome = await inspect(id)
    guard case .inspected(let view) = outcome else { throw Unexpected(outcome) }
    return view.offset
  }

  func record(_ id: UploadID) async throws -> UploadRecord {
    guard let record = try await catalog.read({ try $0.upload(id) }) else { throw Unexpected(.terminated) }
    return record
  }

  func openPush() async throws -> PushID {
    let id = PushID.make(clock: clock, entropy: SystemEntropy())
    let now = clock.now()
    try await catalog.write { transaction in
      try transaction.ensureRepo(.inbox, description: nil, at: now)
      try transaction.insert(.sample(id), expecting: [])
    }
    return id
  }

  /// What a commit leaves in the rows of an upload and its push.
  func commitPush(of id: UploadID) async throws {
    var upload = try await record(id)
    upload.state = .committed
    let committed = upload
    try await catalog.write { transaction in
      if let id = committed.push, var push = try transaction.push(id) {
        push.state = .committed
        try transaction.update(push)
      }
      try transaction.update(committed)
    }
  }

  struct Unexpected: Error, CustomStringConvertible {
    let outcome: UploadOutcome
    init(_ outcome: UploadOutcome) { self.outcome = outcome }
    var description: String { "unexpected outcome: \(outcome)" }
  }
}

extension UploadOutcome {
  var problem: Problem? { if case .refused(let error, _) = self { error.problem } else { nil } }
  var view: UploadView? {
    switch self {
    case .created(let view, _), .inspected(let view), .appended(let view): view
    case .refused(_, let view): view
    case .discovered, .terminated: nil
    }
  }
  var appendedOffset: Int64? { if case .appended(let view) = self { view.offset } else { nil } }
}

/// A body that hands out given chunks and then ends cleanly, breaks, or stalls until it is interrupted.
final class ScriptedBody: UploadBody {
  enum End { case clean, broken, stalled }
  private struct State {
    var chunks: [[UInt8]]
    var isInterrupted = false
    var waiter: CheckedContinuation<Void, Never>?
    var onStall: CheckedContinuation<Void, Never>?
    var isStalled = false
  }
  private let state: Locked<State>
  private let end: End
  private let trailer: Result<Checksum?, ProblemError>

  init(_ chunks: [[UInt8]], _ end: End, trailer: Result<Checksum?, ProblemError> = .success(nil)) {
    state = Locked(State(chunks: chunks))
    self.end = end
    self.trailer = trailer
  }

  func trailingChecksum() throws(ProblemError) -> Checksum? { try trailer.get() }

  func deliver(to sink: any UploadSink) async throws(BodyInterrupted) {
    while let chunk = state.withLock({ state -> [UInt8]? in
      state.chunks.isEmpty || state.isInterrupted ? nil : state.chunks.removeFirst()
    }) {
      if !sink.take(chunk) { return }
    }
    switch end {
    case .clean: return
    case .broken: throw BodyInterrupted()
    case .stalled:
      await withCheckedContinuation { continuation in
        let (now, watcher) = state.withLock { state in
          state.isStalled = true
          if !state.isInterrupted { state.waiter = continuation }
          defer { state.onStall = nil }
          return (state.isInterrupted, state.onStall)
        }
        watcher?.resume()
        if now { continuation.resume() }
      }
      throw BodyInterrupted()
    }
  }

  func interrupt() {
    let waiter = state.withLock { state in
      state.isInterrupted = true
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Returns once every chunk was taken and the body stalls.
  func untilStalled() async {
    await withCheckedContinuation { continuation in
      let now = state.withLock { state in
        if !state.isStalled { state.onStall = continuation }
        return state.isStalled
      }
      if now { continuation.resume() }
    }
  }
}

/// Bytes that are a function of their position.
func pattern(_ range: Range<Int>) -> [UInt8] { range.map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }
