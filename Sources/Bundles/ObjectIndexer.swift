import Blobs
import Catalog
import Platform
import Scheduling
import Vocabulary

/// Keeps the index of what each repo has: the digests and sizes of all files of its bundles, read from their manifests.
///
/// The index is derived: it may be behind, and a repo that loses a bundle begins it anew. One run works at a time.
package final class ObjectIndexer: Sendable {
  /// Rows of one transaction.
  private static let pageSize = 1000
  private static let repoPageSize = 100
  /// Faults that are reported once each; beyond, they are reported again.
  private static let maximumKnownFaults = 1000

  private struct State {
    var isRunning = false
    /// Somebody asked while a run was under way, which may have passed what it is about.
    var mustRunAgain = false
    var faults: Set<BundleID> = []
  }
  private let catalog: any CatalogStore
  private let blobs: any BlobStore
  private let report: @Sendable (String) -> Void
  private let spawn: @Sendable (@escaping @Sendable () async -> Void) -> Void
  private let state = Locked(State())

  /// `report` takes a line for the operator; `spawn` starts work that nobody waits for.
  package init(
    catalog: any CatalogStore, blobs: any BlobStore, report: @escaping @Sendable (String) -> Void,
    spawn: @escaping @Sendable (@escaping @Sendable () async -> Void) -> Void = { work in
      Task { await work() }
    }
  ) {
    self.catalog = catalog
    self.blobs = blobs
    self.report = report
    self.spawn = spawn
  }

  /// Begins to add what is missing, and does not wait for it.
  package func wake() {
    let mustStart = state.withLock { state in
      state.mustRunAgain = state.isRunning
      defer { state.isRunning = true }
      return !state.isRunning
    }
    guard mustStart else { return }
    spawn { [self] in
      repeat { await run() } while mustGoOn()
    }
  }

  private func mustGoOn() -> Bool {
    state.withLock { state in
      state.isRunning = state.mustRunAgain
      state.mustRunAgain = false
      return state.isRunning
    }
  }

  /// Adds what is missing of every repo; a bundle that cannot be read for now keeps back its own repo only, and one whose
  /// manifest is damaged or gone is passed over.
  package func run() async {
    var after: RepoName?
    while true {
      let cursor = after
      do {
        let page = try await catalog.read {
          try $0.unindexedBundles(after: cursor, limit: Self.repoPageSize)
        }
        for unindexed in page { await index(unindexed) }
        guard let last = page.last else { return }
        after = last.bundle.repo
      } catch {
        return report("the index of objects could not be kept up: \(error)")
      }
    }
  }

  /// All bundles of one repo, from this one on.
  private func index(_ first: UnindexedBundle) async {
    var next: UnindexedBundle? = first
    while let unindexed = next {
      do {
        try await add(unindexed)
        next = try await catalog.read { try $0.unindexedBundle(of: unindexed.bundle.repo) }
      } catch {
        if isNewFault(unindexed.bundle.id) {
          report("the files of bundle \(unindexed.bundle.id) could not be indexed: \(error)")
        }
        guard Self.isLasting(error), await passOver(unindexed) else { return }
        do {
          next = try await catalog.read { try $0.unindexedBundle(of: unindexed.bundle.repo) }
        } catch {
          return
        }
      }
    }
  }

  /// Whether it would go the same way again: then the repo's later bundles must not wait for this one.
  private static func isLasting(_ error: any Error) -> Bool {
    if case BlobError.missing = error { return true }
    return error is ManifestError
  }

  /// What such a bundle has is sent again when somebody pushes it.
  private func passOver(_ unindexed: UnindexedBundle) async -> Bool {
    do {
      return try await catalog.write { try $0.addObjects([], of: unindexed, isLast: true) }
    } catch {
      return false
    }
  }

  private func isNewFault(_ id: BundleID) -> Bool {
    state.withLock { $0.faults.count >= Self.maximumKnownFaults || $0.faults.insert(id).inserted }
  }

  private func add(_ unindexed: UnindexedBundle) async throws {
    let manifest = try await blobs.openObject(unindexed.bundle.digest)
    defer { manifest.close() }
    let reader = ManifestReader(manifest)
    var position: Int64? = ManifestReader.start
    while let from = position {
      let page = try await reader.page(from: from, limit: Self.pageSize)
      position = page.next
      let objects = page.entries.map { RepoObject(digest: $0.digest, size: $0.size) }
      let isLast = page.next == nil
      // Another generation: the repo lost a bundle, and its index is begun anew by the next look at it.
      let isCurrent = try await catalog.write {
        try $0.addObjects(objects, of: unindexed, isLast: isLast)
      }
      guard isCurrent else { return }
    }
  }
}

/// Makes bundles, and has what is in them added to the index.
package struct IndexingCommitter: PushHandler {
  private let committer: any PushHandler
  private let indexer: ObjectIndexer

  package init(_ committer: any PushHandler, _ indexer: ObjectIndexer) {
    self.committer = committer
    self.indexer = indexer
  }

  /// - Throws: what the committer does.
  package func commit(_ push: PushID, until stop: CommitStop) async throws {
    try await committer.commit(push, until: stop)
    indexer.wake()
  }
}
