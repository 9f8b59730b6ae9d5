import Blobs
import Catalog
import Vocabulary

/// The extent index that the catalog keeps.
package struct CatalogExtents: ExtentIndex {
  private let catalog: any CatalogStore

  package init(catalog: any CatalogStore) { self.catalog = catalog }

  package func extents(of digests: [Digest]) async throws(BlobError) -> [Digest: Extent] {
    do {
      return try await catalog.read { try $0.extents(of: digests) }
    } catch {
      throw .failed("the index of packs cannot be read: \(error)")
    }
  }
}
