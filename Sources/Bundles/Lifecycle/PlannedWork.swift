import Blobs
import Catalog
import Platform
import Vocabulary

/// Carries out what transactions planned to do with descriptors; every step may be done twice.
///
/// One run at a time: a step that another run has read before, and that was done meanwhile, would undo what came after.
package final class PlannedWork: Sendable {
  private static let batchCount = 500
  private let catalog: any CatalogStore
  private let blobs: any BlobStore
  private let latest = Locked<Task<Void, any Error>?>(nil)

  package init(catalog: any CatalogStore, blobs: any BlobStore) {
    self.catalog = catalog
    self.blobs = blobs
  }

  /// Does what is planned, in order, until nothing is; after the runs that were asked for before.
  ///
  /// - Throws: what the first step that failed throws; such steps stay planned, and do not hold up the others.
  package func run() async throws {
    let task = latest.withLock { latest in
      let before = latest
      let task = Task {
        _ = await before?.result
        try await runAlone()
      }
      latest = task
      return task
    }
    try await task.value
  }

  private func runAlone() async throws {
    var failure: (any Error)?
    var last: Int64 = 0
    while true {
      let after = last
      let steps = try await catalog.read { try $0.plannedSteps(after: after, limit: Self.batchCount) }
      for step in steps {
        last = step.sequence
        do {
          try await carryOut(step)
          try await catalog.write { try $0.finish(step) }
        } catch {
          failure = failure ?? error
        }
      }
      if steps.isEmpty { break }
    }
    if let failure { throw failure }
  }

  private func carryOut(_ step: PlannedStep) async throws {
    switch step.kind {
    case .describeRepo: try await describe(folder: try RepoName(step.subject))
    case .removeDescriptor:
      let parts = step.subject.split(separator: "/", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { return }
      try await blobs.removeDescriptor(name: parts[1], folder: try RepoName(parts[0]))
    case .removeFolder: try await clear(folder: try RepoName(step.subject))
    case .releaseUploads: if let push = PushID(step.subject) { try await releaseUploads(of: push) }
    }
  }

  private func describe(folder: RepoName) async throws {
    let descriptor: RepoDescriptor? = try await catalog.read { reader in
      guard let repo = try reader.repo(folder: folder) else { return nil }
      return RepoDescriptor(repo, labels: try Self.labels(of: repo.name, reader))
    }
    guard let descriptor else { return }
    try await blobs.putDescriptor(
      Array(descriptor.text.utf8), name: RepoDescriptor.name, folder: folder)
  }

  private static func labels(
    of repo: RepoName, _ reader: any CatalogReader
  ) throws -> [LabelName: BundleID] {
    var labels: [LabelName: BundleID] = [:]
    var after: LabelName?
    while true {
      let page = try reader.labels(ofRepo: repo, prefix: "", after: after, limit: 1000)
      for record in page { labels[record.label] = record.bundle }
      guard let last = page.last else { return labels }
      after = last.label
    }
  }

  /// What the uploads hold is then an object that only bundles may need, and whoever asks for one is told that it is
  /// gone.
  private func releaseUploads(of id: PushID) async throws {
    var after: String?
    while true {
      let cursor = after
      let last: String? = try await catalog.write { transaction in
        guard let push = try transaction.push(id), let reason = try Self.reason(to: push, transaction) else {
          return nil
        }
        let page = try transaction.uploads(ofPush: id, after: cursor, limit: Self.batchCount)
        for var upload in page where upload.state == .verified || upload.state == .committed {
          upload.state = .expired
          upload.reason = reason
          try transaction.update(upload)
        }
        return page.last?.path.text
      }
      guard let last else { return }
      after = last
    }
  }

  /// Why uploads of the push are not needed any more; nil when they are.
  private static func reason(to push: PushRecord, _ reader: any CatalogReader) throws -> String? {
    switch push.state {
    case .cancelled, .expired: return "its push was \(push.state.rawValue)"
    case .committed:
      return try push.bundle.flatMap { try reader.deletedBundle($0) } == nil ? nil : "its bundle was deleted"
    case .open, .queued, .admitted, .committing, .failed: return nil
    }
  }

  /// No repo has the folder: one that is to be cleared is given to none.
  private func clear(folder: RepoName) async throws {
    for name in try await blobs.descriptorNames(folder: folder) {
      try await blobs.removeDescriptor(name: name, folder: folder)
    }
  }
}
