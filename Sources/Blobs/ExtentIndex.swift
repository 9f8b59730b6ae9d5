import Vocabulary

/// Tells where small objects lie in packs. The catalog keeps it; a store asks it.
package protocol ExtentIndex: Sendable {
  /// The extents of those of the digests that are in a pack.
  func extents(of digests: [Digest]) async throws(BlobError) -> [Digest: Extent]
}

/// The index of a store that has no packs.
package struct NoExtents: ExtentIndex {
  package init() {}
  package func extents(of digests: [Digest]) async throws(BlobError) -> [Digest: Extent] { [:] }
}
