import Blobs
import Platform
import Uploads

/// The real file system, but its free space is what a test says.
final class TightFileSystem: FileSystem {
  private let base = LinuxFileSystem()
  private let free: Locked<Int64>
  private let total: Int64
  private let measurements = Locked(0)

  init(free: Int64, total: Int64 = 1 << 40) {
    self.free = Locked(free)
    self.total = total
  }

  func setFree(_ bytes: Int64) { free.withLock { $0 = bytes } }
  /// How often the space was asked for.
  var measurementCount: Int { measurements.withLock { $0 } }

  func space(_ path: String) throws(FileError) -> (free: Int64, total: Int64) {
    measurements.withLock { $0 += 1 }
    return (free.withLock { $0 }, total)
  }
  func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile { try base.open(path, mode) }
  func size(_ path: String) throws(FileError) -> Int64? { try base.size(path) }
  func list(_ folder: String) throws(FileError) -> [String] { try base.list(folder) }
  func makeFolder(_ path: String) throws(FileError) { try base.makeFolder(path) }
  func rename(_ old: String, to new: String) throws(FileError) { try base.rename(old, to: new) }
  func link(_ old: String, to new: String) throws(FileError) { try base.link(old, to: new) }
  func remove(_ path: String) throws(FileError) { try base.remove(path) }
  func syncFolder(_ path: String) throws(FileError) { try base.syncFolder(path) }
}

extension EngineFixture {
  /// An engine over the same data with limits of its own.
  func limited(
    files: any FileSystem = LinuxFileSystem(), clientName: @escaping @Sendable (String) -> String? = { $0 },
    _ change: (inout UploadLimits) -> Void
  ) -> UploadEngine {
    var limits = limits
    change(&limits)
    let executor = ThreadedExecutor(name: "test", threads: 2)
    let store = DiskBlobStore(
      layout: layout, files: files, executor: executor,
      hashers: DiskHashers(urgent: executor, patient: executor), index: CatalogExtents(catalog: catalog),
      clock: clock, entropy: SystemEntropy(), isSynced: false)
    return UploadEngine(
      catalog: catalog, blobs: store, clock: clock, entropy: SystemEntropy(), limits: limits,
      wakeScheduler: {},
      // The data folder lasts as long as the fixture.
      report: { [self] line in reports.withLock { $0.append(line) } }, clientName: clientName)
  }
}
