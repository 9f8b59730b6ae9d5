import Catalog
import CatalogSQLite
import Platform
import Scheduling
import TestSupport
import Testing
import Vocabulary

/// A scheduler over a real catalog whose commits begin and end as the test says. Its heartbeat is an hour.
final class RunnerFixture: Sendable {
  let folder: TemporaryFolder
  let catalog: any CatalogStore
  let clock = ManualClock()
  let handler: ScriptedHandler
  let wakeups = SchedulerWakeups()
  let runner: SchedulerRunner
  let reports = Locked<[String]>([])
  /// Subjects of the expiries asked for; those of uploads fail.
  let expiries = Locked<[String]>([])
  private let settings: SchedulerRunner.Settings
  private let random = Locked(SeededRandom(seed: 1))

  /// Lines for the logs of pushes.
  let lines = Locked<[(push: PushID, text: String)]>([])
  let hasRoom = Locked(true)

  init(maximumRunning: Int = 2, maximumAttempts: Int = 10, commitTimeoutSeconds: Int64? = nil) throws {
    folder = try TemporaryFolder()
    catalog = try SQLiteCatalog(path: folder.child("catalog.sqlite"))
    settings = .init(
      maximumRunning: maximumRunning, heartbeatMilliseconds: 3_600_000, maximumAttempts: maximumAttempts,
      commitTimeoutSeconds: commitTimeoutSeconds)
    handler = ScriptedHandler(catalog: catalog)
    runner = Self.runner(
      catalog, clock, handler, settings, reports: reports, expiries: expiries, lines: lines, hasRoom: hasRoom,
      wakeups: wakeups)
  }

  /// A scheduler of the same catalog that knows nothing of the first, as after a restart.
  func restarted() -> SchedulerRunner {
    Self.runner(
      catalog, clock, handler, settings, reports: reports, expiries: expiries, lines: lines, hasRoom: hasRoom,
      wakeups: SchedulerWakeups())
  }

  private static func runner(
    _ catalog: any CatalogStore, _ clock: ManualClock, _ handler: ScriptedHandler,
    _ settings: SchedulerRunner.Settings, reports: Locked<[String]>, expiries: Locked<[String]>,
    lines: Locked<[(push: PushID, text: String)]>, hasRoom: Locked<Bool>, wakeups: SchedulerWakeups
  ) -> SchedulerRunner {
    SchedulerRunner(
      catalog: catalog, clock: clock, entropy: SeededEntropy(seed: 2), handler: handler, settings: settings,
      expireUpload: { id in
        expiries.withLock { $0.append(id.text) }
        throw FaultyCatalog.Injected()
      },
      expirePush: { id in expiries.withLock { $0.append(id.text) } },
      report: { line in reports.withLock { $0.append(line) } },
      log: { push, line in lines.withLock { $0.append((push, line)) } },
      hasRoom: { hasRoom.withLock { $0 } }, wakeups: wakeups)
  }

  /// Runs the scheduler as long as the body runs.
  func run(_ body: (ScriptedHandler) async throws -> Void) async rethrows {
    let task = Task { await runner.run() }
    defer { task.cancel() }
    try await body(handler)
    task.cancel()
    await task.value
  }

  /// One look of the scheduler; every commit it starts ends at once, well or with what `ends` says.
  @discardableResult
  func step(
    _ runner: SchedulerRunner? = nil, ends: [PushID: any Error] = [:]
  ) async -> [(push: PushID, repo: RepoName)] {
    let runner = runner ?? self.runner
    let starts = await runner.tick()
    for (push, repo) in starts {
      handler.finish(push, throwing: ends[push])
      await runner.commit(push, repo)
      clock.advance(milliseconds: 1)
    }
    return starts.map { (push: $0.0, repo: $0.1) }
  }

  /// Returns once no commit runs.
  func untilIdle() async {
    while !runner.snapshot.running.isEmpty { await Task.yield() }
  }

  func push(
    _ repo: String, _ state: PushState, _ change: @Sendable (inout PushRecord) -> Void = { _ in }
  ) async throws -> PushID {
    let id = PushID(milliseconds: clock.now().milliseconds, random: random.withLock { $0.bytes(10) })
    clock.advance(milliseconds: 1)
    var push = PushRecord.sample(
      id, state, repo: try RepoName(repo), sealedAt: state == .open ? nil : clock.now())
    change(&push)
    let inserted = push
    try await catalog.write { try $0.insert(inserted, expecting: []) }
    return id
  }

  func expiredUpload(_ path: String) async throws {
    var upload = UploadRecord.sample(
      random.withLock { $0.id() }, .receiving, push: nil, path: try BundlePath(path))
    upload.expiresAt = Timestamp(milliseconds: 1)
    let inserted = upload
    try await catalog.write { try $0.insert(inserted) }
  }

  func record(_ id: PushID) async throws -> PushRecord {
    try #require(try await catalog.read { try $0.push(id) })
  }
}

/// Tells which commits began, and lets each end when the test says so; a commit that ends well makes its push committed.
final class ScriptedHandler: PushHandler {
  private struct State {
    var ends: [PushID: (any Error)?] = [:]
    var waiting: [PushID: CheckedContinuation<(any Error)?, Never>] = [:]
    var stops: [PushID: CommitStop] = [:]
  }
  private let catalog: any CatalogStore
  private let began: AsyncStream<PushID>
  private let beginning: AsyncStream<PushID>.Continuation
  private let state = Locked(State())

  init(catalog: any CatalogStore) {
    self.catalog = catalog
    (began, beginning) = AsyncStream.makeStream(of: PushID.self)
  }

  /// Whether the newest commit of the push was asked to stop.
  func isStopping(_ push: PushID) -> Bool { state.withLock { $0.stops[push]?.isRequested ?? false } }

  func commit(_ push: PushID, until stop: CommitStop) async throws {
    state.withLock { $0.stops[push] = stop }
    beginning.yield(push)
    let failure = await withCheckedContinuation { continuation in
      let end: (any Error)?? = state.withLock { state in
        if let end = state.ends.removeValue(forKey: push) { return end }
        state.waiting[push] = continuation
        return nil
      }
      if let end { continuation.resume(returning: end) }
    }
    if let failure { throw failure }
    try await catalog.write { transaction in
      guard var record = try transaction.push(push), record.state != .cancelled else { throw CommitStopped() }
      record.state = .committed
      try transaction.update(record)
    }
  }

  /// The next push whose commit began.
  func next() async -> PushID {
    for await push in began { return push }
    preconditionFailure("the stream does not end")
  }

  func finish(_ push: PushID, throwing error: (any Error)? = nil) {
    let continuation = state.withLock { state in
      let continuation = state.waiting.removeValue(forKey: push)
      if continuation == nil { state.ends[push] = .some(error) }
      return continuation
    }
    continuation?.resume(returning: error)
  }
}
