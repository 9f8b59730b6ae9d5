import Blobs
import Catalog
import Vocabulary

/// Carries out what transactions planned to do with descriptors; every step may be done twice.
package struct PlannedWork: Sendable {
  private static let batchCount = 500
  private let catalog: any CatalogStore
  private let blobs: any BlobStore

  package init(catalog: any CatalogStore, blobs: any BlobStore) {
    self.catalog = catalog
    self.blobs = blobs
  }

  /// Does what is planned, in order, until nothing is.
  ///
  /// - Throws: what a step throws; it and those after it stay planned.
  package func run() async throws {
    while true {
      let steps = try await catalog.read { try $0.plannedSteps(limit: Self.batchCount) }
      if steps.isEmpty { return }
      for step in steps {
        try await carryOut(step)
        try await catalog.write { try $0.finish(step) }
      }
    }
  }

  private func carryOut(_ step: PlannedStep) async throws {
    switch step.kind {
    case .describeRepo: try await describe(folder: try RepoName(step.subject))
    case .removeDescriptor:
      let parts = step.subject.split(separator: "/", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { return }
      try await blobs.removeDescriptor(name: parts[1], folder: try RepoName(parts[0]))
    case .removeFolder: try await clear(folder: try RepoName(step.subject))
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

  /// No repo has the folder: one that is to be cleared is given to none.
  private func clear(folder: RepoName) async throws {
    for name in try await blobs.descriptorNames(folder: folder) {
      try await blobs.removeDescriptor(name: name, folder: folder)
    }
  }
}
