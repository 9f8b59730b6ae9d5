import Blobs
import Bundles
import CatalogSQLite
import GatewayConfiguration
import HTTPEdge
import Logging
import Platform
import Pushes
import Scheduling
import TestSupport
import Uploads
import Vocabulary

/// The services of a gateway over a folder of its own, for tests that ask the edge itself; no server runs.
struct ServicesFixture {
  let services: GatewayServices
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let (clock, entropy, files) = (ManualClock(), SystemEntropy(), LinuxFileSystem())
    let layout = try DataFolder.open(folder.child("data"), on: files).layout
    let catalog = try SQLiteCatalog(path: layout.catalog)
    let blobs = DiskBlobStore(
      layout: layout, files: files, executor: TestThreads.executor, hashers: TestThreads.hashers,
      index: CatalogExtents(catalog: catalog), clock: clock, entropy: entropy, isSynced: false)
    let logs = PushLogs(
      path: { layout.pushLog($0) }, files: files, executor: TestThreads.executor, clock: clock,
      report: { _ in })
    let uploads = UploadEngine(
      catalog: catalog, blobs: blobs, clock: clock, entropy: entropy,
      limits: UploadLimits(
        maximumBytes: 1 << 30, expirySeconds: 1000, orphanExpirySeconds: 10, pushExpirySeconds: 5000,
        smallBytes: 0), wakeScheduler: {}, report: { _ in })
    let pushes = PushRegister(
      catalog: catalog, clock: clock, entropy: entropy, expirySeconds: 5000, wakeScheduler: {})
    let scheduler = SchedulerRunner(
      catalog: catalog, clock: clock, entropy: entropy,
      handler: Committer(catalog: catalog, blobs: blobs, logs: logs, clock: clock),
      settings: .init(maximumRunning: 1, heartbeatMilliseconds: 1000), expireUpload: { _ in },
      expirePush: { _ in }, report: { _ in }, wakeups: SchedulerWakeups(), upkeep: {})
    let resolved = try Settings.resolve(flags: ["data": folder.child("data")], environment: [:])
    let inFlight = BundlesInFlight()
    services = GatewayServices(
      catalog: catalog, blobs: blobs, uploads: uploads, pushes: pushes, scheduler: scheduler, logs: logs,
      bundleCheck: BundleCheck(blobs: blobs),
      collection: CollectionRunner(
        collector: Collector(catalog: catalog, blobs: blobs, inFlight: inFlight), clock: clock,
        report: { _ in }), bundlesInFlight: inFlight, clock: clock, entropy: entropy,
      settings: resolved.settings,
      resolvedSettings: resolved, errors: RecentErrors(), startedAt: clock.now(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }
}
