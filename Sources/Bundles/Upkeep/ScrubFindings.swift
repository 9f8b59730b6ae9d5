import Blobs
import Catalog
import Vocabulary

/// What scrubbing found, as far as it still matters.
enum ScrubFindings {
  private static let batchCount = 500

  /// Forgets what was found of objects that are not stored any more.
  static func forgetGone(_ catalog: any CatalogStore, _ blobs: any BlobStore) async throws {
    var after: Digest?
    while true {
      let cursor = after
      let page = try await catalog.read { try $0.scrubFindings(after: cursor, limit: batchCount) }
      guard let last = page.last else { return }
      let sizes = try await blobs.objectSizes(page.map(\.digest))
      let gone = page.map(\.digest).filter { sizes[$0] == nil }
      if !gone.isEmpty {
        try await catalog.write { transaction in
          for digest in gone { try transaction.removeScrubFinding(of: digest) }
        }
      }
      after = last.digest
    }
  }
}
