import Blobs
import Bundles
import Catalog
import GatewayConfiguration
import Ingestion
import Logging
import Platform
import Pushes
import Scheduling
import Uploads
import Vocabulary

/// Everything the edge calls: made once by the composition, shared by all requests.
package struct GatewayServices: Sendable {
  package var catalog: any CatalogStore
  package var blobs: any BlobStore
  package var uploads: UploadEngine
  package var pushes: PushRegister
  package var ingests: IngestRunner
  package var scheduler: SchedulerRunner
  package var logs: PushLogs
  package var bundleCheck: BundleCheck
  package var collection: CollectionRunner
  package var bundlesInFlight: BundlesInFlight
  package var clock: any WallClock
  package var entropy: any Entropy
  package var settings: Settings
  /// Every setting with its origin, for `/api/v1/config`.
  package var resolvedSettings: ResolvedSettings
  package var errors: RecentErrors
  package var startedAt: Timestamp
  package var logger: Logger
  /// Asks for what new bundles have to be added to the index of objects.
  package var wakeIndexer: @Sendable () -> Void
  /// Shared by all copies.
  let receptions = Receptions()
  package var repos: RepoRegister { RepoRegister(catalog: catalog, clock: clock) }
  package var labels: LabelRegister { LabelRegister(catalog: catalog, clock: clock) }
  package var squash: Squash { Squash(catalog: catalog, clock: clock) }
  let downloadBudget = ByteBudget(bytes: DownloadPieces.budgetBytes)

  package init(
    catalog: any CatalogStore, blobs: any BlobStore, uploads: UploadEngine, pushes: PushRegister,
    scheduler: SchedulerRunner, logs: PushLogs, bundleCheck: BundleCheck, collection: CollectionRunner,
    bundlesInFlight: BundlesInFlight, clock: any WallClock,
    entropy: any Entropy, settings: Settings, resolvedSettings: ResolvedSettings, errors: RecentErrors,
    startedAt: Timestamp, logger: Logger, wakeIndexer: @escaping @Sendable () -> Void = {}
  ) {
    self.wakeIndexer = wakeIndexer
    self.catalog = catalog
    self.blobs = blobs
    self.uploads = uploads
    self.pushes = pushes
    // Replaced by the composition where there are sources.
    ingests = .none(
      IngestServices(
        catalog: catalog, blobs: blobs, executor: ThreadedExecutor(name: "sheaf.source", threads: 1),
        clock: clock, entropy: entropy, smallBytes: 0, reserveBytes: 0, log: { _, _ in }, report: { _ in },
        wakeScheduler: {}))
    self.scheduler = scheduler
    self.logs = logs
    self.bundleCheck = bundleCheck
    self.collection = collection
    self.bundlesInFlight = bundlesInFlight
    self.clock = clock
    self.entropy = entropy
    self.settings = settings
    self.resolvedSettings = resolvedSettings
    self.errors = errors
    self.startedAt = startedAt
    self.logger = logger
  }
}
