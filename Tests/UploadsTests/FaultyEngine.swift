import Blobs
import Catalog
import Platform
import TestSupport
import Uploads
import Vocabulary

/// An engine whose files, catalog, hashes and background work a test holds in its hands.
struct FaultyEngine {
  let fixture: EngineFixture
  let files: FaultyFileSystem
  let catalog: FaultyCatalog
  /// Runs the hashes of all partial files, when it is told to.
  let hashes = SteppedExecutor()
  let engine: UploadEngine
  private let background = Locked<[Task<Void, Never>]>([])

  init(smallBytes: Int = 0, isSynced: Bool = true) throws {
    let temporary = try TemporaryFolder()
    let fixture = try EngineFixture(root: temporary.path, smallBytes: smallBytes)
    self.fixture = fixture
    files = FaultyFileSystem(in: temporary)
    catalog = FaultyCatalog(fixture.catalog)
    let store = DiskBlobStore(
      layout: fixture.layout, files: files, executor: TestThreads.executor,
      hashers: DiskHashers(urgent: hashes, patient: hashes), index: CatalogExtents(catalog: catalog),
      clock: fixture.clock, entropy: SystemEntropy(), isSynced: isSynced)
    let (reports, background) = (fixture.reports, background)
    engine = UploadEngine(
      catalog: catalog, blobs: store, clock: fixture.clock, entropy: SystemEntropy(), limits: fixture.limits,
      wakeScheduler: {}, report: { line in reports.withLock { $0.append(line) } },
      spawn: { work in background.withLock { $0.append(Task { await work() }) } })
  }

  func append(_ id: UploadID, _ intent: AppendIntent, _ body: ScriptedBody) async -> UploadOutcome {
    await engine.perform(.append(id, intent), body: body, client: nil)
  }

  func inspect(_ id: UploadID) async -> UploadOutcome {
    await engine.perform(.inspect(id), body: nil, client: nil)
  }

  /// Returns once everything is done that nobody else waits for.
  func finishBackground() async {
    let tasks = background.withLock { tasks in
      defer { tasks = [] }
      return tasks
    }
    for task in tasks { await task.value }
  }
}

/// Holds work until a test lets it run, in the order it came.
final class SteppedExecutor: IOExecutor {
  private struct State {
    var waiting: [@Sendable () -> Void] = []
    var watcher: (count: Int, continuation: CheckedContinuation<Void, Never>)?
  }
  private let state = Locked(State())

  var waitingCount: Int { state.withLock { $0.waiting.count } }

  func submit(_ work: @escaping @Sendable () -> Void) {
    let watcher = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.waiting.append(work)
      guard let watcher = state.watcher, state.waiting.count >= watcher.count else { return nil }
      state.watcher = nil
      return watcher.continuation
    }
    watcher?.resume()
  }

  /// Returns once `count` pieces of work wait; one caller at a time.
  func untilWaiting(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if state.waiting.count < count { state.watcher = (count, continuation) }
        return state.waiting.count >= count
      }
      if isThere { continuation.resume() }
    }
  }

  /// Runs the first piece of work; false when there is none.
  @discardableResult
  func runNext() -> Bool {
    let work = state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
    work?()
    return work != nil
  }

  func runAll() { while runNext() {} }
}
