import Blobs
import Bundles
import CatalogSQLite
import Platform
import Pushes
import Scheduling
import TestSupport
import Uploads
import Vocabulary

/// One life of the gateway, from its start to its crash: the product on simulated threads, disk and catalog.
final class SimulatedLife: @unchecked Sendable {
  // Sendable because a simulation runs on one thread.
  let executor: SimulationExecutor
  let catalog: SimulatedCatalog
  let store: DiskBlobStore
  let uploads: UploadEngine
  let pushes: PushRegister
  let scheduler: SchedulerRunner
  private let files: SimulatedFileSystem
  private let layout: DiskLayout
  private let trace: SimulationTrace

  private(set) var isRunning = true
  /// Requests without an answer.
  var requests = 0
  /// Bodies that wait for bytes that never come.
  var stalled: [SimulatedBody] = []
  /// The bell of the scheduler was rung.
  var isWoken = true
  private var isTicking = false
  /// Requests are short here: for their notices, time goes so many times as fast.
  private static let haste: Int64 = 200

  init(_ machine: SimulatedMachine, isSynced: Bool, seed: UInt64) {
    let (disk, trace, clock) = (machine.disk, machine.trace, machine.clock)
    let executor = SimulationExecutor(seed: seed)
    let entropy = SeededEntropy(seed: seed ^ 0x5eed)
    let catalog = SimulatedCatalog(
      machine.database, disk: disk, plan: machine.plan, trace: trace, executor: executor, seed: seed ^ 0xca7)
    let layout = DiskLayout(root: SimulatedMachine.root)
    let files = disk.open()
    let lane = executor.lane(threads: 4)
    let report: @Sendable (String) -> Void = { trace.note("report: \($0)") }
    let store = DiskBlobStore(
      layout: layout, files: files, executor: lane,
      hashers: DiskHashers(urgent: executor.lane(threads: 2), patient: executor.lane(threads: 1)),
      index: CatalogExtents(catalog: catalog), clock: clock, entropy: entropy, isSynced: isSynced)
    let logs = PushLogs(
      path: { layout.pushLog($0) }, files: files, executor: lane, clock: clock, report: report)
    let wakeups = SchedulerWakeups()
    let started = machine.started
    let bell = Locked<@Sendable () -> Void>({})
    let uploads = UploadEngine(
      catalog: catalog, blobs: store, clock: clock, entropy: entropy, limits: machine.limits,
      wakeScheduler: { bell.withLock { $0 }() }, report: report, logPush: { await logs.append($0, $1) },
      spawn: { executor.spawn($0) },
      uptime: { started.advanced(by: .milliseconds(clock.now().milliseconds * Self.haste)) })
    let pushes = PushRegister(
      catalog: catalog, clock: clock, entropy: entropy, expirySeconds: machine.limits.pushExpirySeconds,
      wakeScheduler: { bell.withLock { $0 }() })
    scheduler = SchedulerRunner(
      catalog: catalog, clock: clock, entropy: entropy,
      handler: Committer(catalog: catalog, blobs: store, logs: logs, clock: clock),
      settings: .init(maximumRunning: 2, heartbeatMilliseconds: 1000),
      expireUpload: { try await uploads.expire($0) },
      expirePush: { id in if !uploads.activity.isSending(to: id) { try await pushes.expire(id) } },
      report: report, wakeups: wakeups,
      upkeep: {
        try await uploads.verifyReceived()
        try await uploads.assembleWaiting()
        try await uploads.forgetRequests()
        try await uploads.saveHashes()
      })
    self.executor = executor
    self.catalog = catalog
    self.store = store
    self.uploads = uploads
    self.pushes = pushes
    self.files = files
    self.layout = layout
    self.trace = trace
    bell.withLock { $0 = { [weak self] in self?.isWoken = true } }
  }

  /// What the program does before its first request: opens the data folder and takes up what was left.
  func start() async throws {
    try DataFolder.prepare(layout, on: files)
    try await store.takeOver()
    try await uploads.recover()
    try await scheduler.requeueOrphans()
  }

  /// One look of the scheduler, and the commits it starts.
  func tick() {
    guard !isTicking else { return }
    isTicking = true
    isWoken = false
    executor.spawn { [self] in
      for (push, repo) in await scheduler.tick() {
        executor.spawn { [self] in await scheduler.commit(push, repo) }
      }
      isTicking = false
    }
  }

  var isScheduling: Bool { isTicking || !scheduler.snapshot.running.isEmpty }

  /// The machine stops: nothing reaches the disk, the catalog or a client any more.
  func stop() {
    isRunning = false
    catalog.isRunning = false
  }

  /// Lets what is left of a stopped life come to its end; true when every request got its answer.
  func drain() -> Bool {
    for _ in 0..<100 {
      _ = executor.run(limit: 100_000)
      guard let body = stalled.last else { break }
      body.interrupt()
    }
    return requests == 0
  }
}
