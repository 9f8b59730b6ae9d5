import Blobs
import Bundles
import CatalogSQLite
import GatewayConfiguration
import HTTPEdge
import Ingestion
import Logging
import Platform
import Pushes
import Scheduling
import Uploads
import Vocabulary

/// The only place that picks adapters and wires the gateway: SQLite and disk below one data folder.
struct Composition: Sendable {
  let services: GatewayServices
  /// nil when everything is never to be read again.
  let scrubber: Scrubber?
  private let folder: DataFolder
  private let store: DiskBlobStore

  /// Opens the data folder and the catalog; changes nothing when the folder cannot be used.
  init(_ resolved: ResolvedSettings, sources: SourceList, logger: Logger) throws {
    let settings = resolved.settings
    let files = LinuxFileSystem()
    let clock = SystemClock()
    let entropy = SystemEntropy()
    let errors = RecentErrors()
    let report: @Sendable (String) -> Void = { line in
      errors.add(line, at: clock.now())
      logger.error("\(line)")
    }
    folder = try DataFolder.open(settings.data, on: files)
    try folder.requireCatalog(on: files)
    let catalog = try SQLiteCatalog(
      path: folder.layout.catalog, isSynced: settings.durability == .synced)
    let executor = ThreadedExecutor(name: "sheaf.io", threads: settings.ioThreads)
    store = DiskBlobStore(
      layout: folder.layout, files: files, executor: executor, hashers: Self.hashers(),
      index: CatalogExtents(catalog: catalog), clock: clock, entropy: entropy,
      isSynced: settings.durability == .synced)
    let wakeups = SchedulerWakeups()
    let layout = folder.layout
    let logs = PushLogs(
      path: { layout.pushLog($0) }, files: files, executor: executor, clock: clock, report: report)
    let clients = ClientNetworks(trustedProxies: settings.trustedProxies)
    let uploads = UploadEngine(
      catalog: catalog, blobs: store, clock: clock, entropy: entropy,
      limits: UploadLimits(
        maximumBytes: settings.maximumUploadBytes == 0 ? .max : settings.maximumUploadBytes,
        expirySeconds: settings.uploadExpirySeconds, orphanExpirySeconds: settings.orphanExpirySeconds,
        pushExpirySeconds: settings.pushExpirySeconds, smallBytes: settings.smallUploadBytes,
        bufferedBytes: settings.smallBufferBytes, maximumOpenPerClient: settings.maximumOpenPerAddress,
        maximumPartialBytes: settings.maximumPartialBytes, reserveBytes: settings.reserveBytes,
        maximumAppendBytes: settings.maximumAppendBytes == 0 ? .max : settings.maximumAppendBytes),
      wakeScheduler: { wakeups.ring() }, report: report, logPush: { await logs.append($0, $1) },
      clientName: { clients.name(of: $0) })
    let ingests = IngestRunner(
      sources: sources,
      services: IngestServices(
        catalog: catalog, blobs: store,
        executor: ThreadedExecutor(name: "sheaf.source", threads: settings.ioThreads), clock: clock,
        entropy: entropy, smallBytes: settings.smallUploadBytes, reserveBytes: settings.reserveBytes,
        log: { await logs.append($0, $1) }, report: report, wakeScheduler: { wakeups.ring() }))
    let pushes = PushRegister(
      catalog: catalog, clock: clock, entropy: entropy, expirySeconds: settings.pushExpirySeconds,
      wakeScheduler: {
        wakeups.ring()
        ingests.wake()
      })
    let inFlight = BundlesInFlight()
    let planned = PlannedWork(catalog: catalog, blobs: store)
    let collection = CollectionRunner(
      collector: Collector(catalog: catalog, blobs: store, inFlight: inFlight, planned: planned),
      clock: clock,
      report: report)
    scrubber =
      settings.scrubBytesPerSecond == 0
      ? nil
      : Scrubber(
        catalog: catalog, blobs: store, clock: clock,
        bytesPerSecond: Int(clamping: settings.scrubBytesPerSecond), report: report)
    let collectionHours = settings.collectionHours
    let collectionDue = try catalog.readNow {
      try CollectionSchedule(seconds: Int64(collectionHours) * 3600, clock: clock, $0)
    }
    let squash = Squash(catalog: catalog, clock: clock)
    let rulesDue = Periodic(seconds: 3600, clock: clock, isDueAtFirst: true)
    // A push of a million files takes minutes to let go: no tick waits for that.
    let housekeeping = BackgroundWork(
      report: { report("upkeep failed: \($0)") },
      work: {
        if rulesDue.isDue() { try await squash.applyRules() }
        try await planned.run()
      })
    let indexer = ObjectIndexer(catalog: catalog, blobs: store, report: report)
    let scheduler = SchedulerRunner(
      catalog: catalog, clock: clock, entropy: entropy,
      handler: IndexingCommitter(
        Committer(catalog: catalog, blobs: store, logs: logs, clock: clock), indexer),
      settings: .init(
        maximumRunning: settings.maximumRunning, heartbeatMilliseconds: settings.heartbeatMilliseconds,
        maximumAttempts: settings.maximumAttempts,
        commitTimeoutSeconds: settings.commitTimeoutSeconds == 0
          ? nil : Int64(settings.commitTimeoutSeconds)),
      expireUpload: { try await uploads.expire($0) },
      expirePush: { id in
        // Bytes on their way count as activity before they are a file.
        if !uploads.activity.isSending(to: id) { try await pushes.expire(id) }
      },
      report: report, log: { await logs.append($0, $1) },
      hasRoom: { [store] in
        // What cannot be asked does not hold anything up; the commit itself will tell.
        guard let space = try? await store.space() else { return true }
        return CommitHeadroom.hasRoom(
          free: space.free, total: space.total, reserveBytes: settings.reserveBytes)
      },
      wakeups: wakeups,
      upkeep: {
        try await uploads.saveHashes()
        try await uploads.verifyReceived()
        try await uploads.assembleWaiting()
        try await uploads.forgetRequests()
        housekeeping.wake()
        if collectionHours > 0, collectionDue.isDue() { collection.start(isDryRun: false, by: nil) }
        indexer.wake()
      })
    var services = GatewayServices(
      catalog: catalog, blobs: store, uploads: uploads, pushes: pushes, scheduler: scheduler, logs: logs,
      bundleCheck: BundleCheck(blobs: store), collection: collection, bundlesInFlight: inFlight, clock: clock,
      entropy: entropy, settings: settings,
      resolvedSettings: resolved, errors: errors, startedAt: clock.now(), logger: logger,
      wakeIndexer: { indexer.wake() })
    services.ingests = ingests
    self.services = services
  }

  /// As many threads as the machine has processors, for hashes somebody waits for and for all others.
  private static func hashers() -> DiskHashers {
    let threads = Processors.count
    return DiskHashers(
      urgent: ThreadedExecutor(name: "sheaf.hash", threads: threads),
      patient: ThreadedExecutor(name: "sheaf.hash.idle", threads: threads, niceness: 19))
  }

  /// Takes up everything an earlier process left unfinished; before the first request.
  func recover() async throws {
    try await store.takeOver()
    try await services.uploads.recover()
    try await services.scheduler.requeueOrphans()
  }
}
