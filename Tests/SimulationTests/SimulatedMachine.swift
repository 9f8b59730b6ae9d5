import CatalogSQLite
import Platform
import TestSupport
import Uploads

/// What outlives the processes: disk, catalog and clock of a simulated machine.
final class SimulatedMachine: @unchecked Sendable {
  // Sendable because a simulation runs on one thread.
  static let root = "/data"
  let trace = SimulationTrace()
  let plan: FaultPlan
  let disk: SimulatedDisk
  let database: SQLiteCatalog
  let clock = ManualClock()
  /// Instants have no origin of their own; only what lies between two of them is told to the product.
  let started = ContinuousClock.now
  var limits = UploadLimits(
    maximumBytes: 8 << 20, expirySeconds: 1_000_000, orphanExpirySeconds: 900_000,
    pushExpirySeconds: 2_000_000)
  private let folder: TemporaryFolder

  init(seed: UInt64, rates: FaultPlan.Rates, capacity: Int64) throws {
    plan = FaultPlan(seed: seed &* 3)
    disk = SimulatedDisk(seed: seed &* 5, plan: plan, trace: trace, capacity: capacity)
    folder = try TemporaryFolder()
    database = try SQLiteCatalog(path: folder.child("catalog.sqlite"), isSynced: false)
    let files = disk.open()
    try files.makeFolder(Self.root)
    try files.syncFolder("/")
    plan.rates = rates
  }
  deinit { try? database.close() }
}
