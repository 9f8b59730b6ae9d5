import Blobs
import Catalog
import Platform
import Vocabulary

/// Removes stored objects that nothing refers to, while everything else goes on (docs/upkeep.md, MUST-6).
///
/// Each removal is safe by itself: a run may end anywhere, and the next one does the rest.
package struct Collector: Sendable {
  static let batchCount = 1000
  /// A pack with less than this part of its bytes alive is rewritten.
  static let liveShare = 0.5
  /// Packs that are emptied before they are removed together, after one look through all extents.
  static let emptiedCount = 16

  let catalog: any CatalogStore
  let blobs: any BlobStore & BlobCollection
  private let planned: PlannedWork
  private let inFlight: BundlesInFlight

  /// - Parameter planned: the one that others run too; one of its own when nil.
  package init(
    catalog: any CatalogStore, blobs: any BlobStore & BlobCollection, inFlight: BundlesInFlight,
    planned: PlannedWork? = nil
  ) {
    self.catalog = catalog
    self.blobs = blobs
    self.inFlight = inFlight
    self.planned = planned ?? PlannedWork(catalog: catalog, blobs: blobs)
  }

  /// - Parameter progress: told whenever something of the report has changed.
  /// - Throws: what a manifest or the catalog refused; nothing is removed unless all of them could be read.
  package func run(
    isDryRun: Bool, progress: @escaping @Sendable (CollectionReport) -> Void
  ) async throws -> CollectionReport {
    let work = CollectionWork(collector: self, isDryRun: isDryRun, progress: progress)
    if !isDryRun { try await work.carryOut(planned) }
    try await work.mark(inFlight: inFlight)
    // A bundle whose deletion is lost would be there again without its objects.
    if !isDryRun { try await catalog.sync() }
    try await work.sweepObjectFiles()
    try await work.sweepExtents()
    try await work.rewritePacks()
    if !isDryRun { try await ScrubFindings.forgetGone(catalog, blobs) }
    return work.finish()
  }
}

/// One run of a collector. Used by one task, one call after the other.
final class CollectionWork: @unchecked Sendable {
  // Sendable because its run awaits every call before the next; what tasks of it share is values.
  let collector: Collector
  let isDryRun: Bool
  private let progress: @Sendable (CollectionReport) -> Void
  var live = LiveObjects()
  /// By what the sweep of extents left.
  var packUses: [PackID: PackUse] = [:]
  /// Up to this event everything verified is in `live`.
  private var lastEvent: Int64 = 0
  var report = CollectionReport() {
    didSet { progress(report) }
  }

  init(collector: Collector, isDryRun: Bool, progress: @escaping @Sendable (CollectionReport) -> Void) {
    self.collector = collector
    self.isDryRun = isDryRun
    self.progress = progress
  }

  func finish() -> CollectionReport {
    report.phase = .done
    return report
  }

  /// What transactions planned; a step that fails keeps no dead bytes alive.
  func carryOut(_ planned: PlannedWork) async throws {
    do {
      try await planned.run()
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      report.add(fault: "what is planned for descriptors and uploads was not all done: \(error)")
    }
  }

  /// Everything the roots refer to.
  ///
  /// The order counts. What is verified after the first look has an event behind it. What was verified then and is
  /// committed before its row is read is in a bundle that the later snapshot has. And who began to be sent before that
  /// snapshot did not have its bundle any more has said so by then.
  func mark(inFlight: BundlesInFlight) async throws {
    report.phase = .mark
    lastEvent = try await collector.catalog.read { try $0.lastEventSequence() }
    try await markUploads()
    let manifests = Set(try await collector.catalog.read { try Self.manifests($0) })
    report.bundleCount = manifests.count
    let sent = inFlight.manifests
    for manifest in manifests { try await mark(manifest: manifest) }
    for manifest in sent where !manifests.contains(manifest) { try await mark(sent: manifest) }
    try await markUnlisted()
    report.liveObjects = live.count
  }

  /// In reads of their own: the table is long, and a long read keeps the log of the catalog from being folded.
  private func markUploads() async throws {
    var after: UploadID?
    while true {
      try Task.checkCancellation()
      let cursor = after
      let page = try await collector.catalog.read {
        try $0.uploads(in: [.verified], after: cursor, limit: Collector.batchCount)
      }
      for digest in page.compactMap(\.digest) { live.insert(digest) }
      guard let last = page.last else { return }
      after = last.id
    }
  }

  /// A deleted bundle that was collected before is one that nobody gets sent any more.
  private func mark(sent manifest: Digest) async throws {
    do { try await mark(manifest: manifest) } catch BlobError.missing {}
  }

  func mark(manifest digest: Digest) async throws {
    live.insert(digest)
    let manifest = try await collector.blobs.openObject(digest)
    defer { manifest.close() }
    try await ManifestDigests.visit(manifest, digest: digest) { live.insert($0) }
  }

  private static func manifests(_ reader: any CatalogReader) throws -> [Digest] {
    var manifests: [Digest] = []
    var repo: RepoName?
    while true {
      let repos = try reader.repos(after: repo, limit: 500)
      for repo in repos {
        var before: Int64?
        while true {
          let page = try reader.bundles(of: repo.name, before: before, limit: 500)
          manifests += page.map(\.digest)
          guard let last = page.last else { break }
          before = last.sequence
        }
      }
      guard let last = repos.last else { return manifests }
      repo = last.name
    }
  }

  /// Takes in what was verified since the last time.
  func catchUp(_ reader: any CatalogReader) throws -> (digests: [Digest], lastEvent: Int64) {
    var sequence = lastEvent
    var digests: [Digest] = []
    while true {
      let page = try reader.events(after: sequence, limit: Collector.batchCount)
      for record in page {
        if record.event.kind == .uploadVerified, let id = UploadID(record.event.subject),
          let digest = try reader.upload(id)?.digest
        {
          digests.append(digest)
        }
        if record.event.kind == .pushCommitted,
          let id = record.event.details["bundle"].flatMap({ BundleID($0) }),
          let bundle = try reader.bundle(id)
        {
          digests.append(bundle.digest)
        }
      }
      guard let last = page.last else { return (digests, sequence) }
      sequence = last.sequence
    }
  }

  func take(_ news: (digests: [Digest], lastEvent: Int64)) {
    for digest in news.digests { live.insert(digest) }
    lastEvent = news.lastEvent
  }
}
