import Blobs
import Catalog
import Vocabulary

extension CollectionWork {
  /// What bundles have that are in `bundles/` and not in the catalog: it may be an earlier one that was put back, and a
  /// rebuild shall find them. A bundle that was deleted is remembered, and is none of them.
  func markUnlisted() async throws {
    for folder in try await collector.blobs.descriptorFolders() {
      let names = try await collector.blobs.descriptorNames(folder: folder).compactMap { DescriptorName($0) }
      for start in stride(from: 0, to: names.count, by: Collector.batchCount) {
        let batch = names[start..<min(start + Collector.batchCount, names.count)]
        let unlisted = try await collector.catalog.read { reader in
          try batch.filter { try reader.bundle($0.id) == nil && reader.deletedBundle($0.id) == nil }
        }
        for name in unlisted { try await mark(unlisted: name, in: folder) }
      }
    }
  }

  private func mark(unlisted name: DescriptorName, in folder: RepoName) async throws {
    let bytes = try await collector.blobs.descriptor(
      name: name.text, folder: folder, maximumBytes: BundleDescriptor.maximumBytes)
    guard let bytes, let bundle = try? BundleDescriptor.parse(bytes) else { return }
    do {
      try await mark(manifest: bundle.digest)
    } catch BlobError.missing {
      // Of this one a rebuild would find nothing either.
      return
    } catch {
      if error is CancellationError { throw error }
      report.add(fault: "manifest \(bundle.digest): \(error)")
      throw ProblemError(
        .storageFault,
        detail:
          "nothing was removed: bundle \(bundle.id) is in bundles/\(folder) and not in the catalog, and its manifest \(bundle.digest) is damaged; put it back, or the descriptor away"
      )
    }
    let state = try await collector.catalog.read { try $0.push(bundle.push)?.state }
    switch state {
    // Its commit is under way, or will be done again.
    case .queued, .admitted, .committing: return
    case .open, .committed, .failed, .cancelled, .expired, nil:
      report.add(
        fault:
          "bundle \(bundle.id) is in bundles/\(folder) and not in the catalog; what it has is kept (see 'sheaf doctor')"
      )
    }
  }
}
