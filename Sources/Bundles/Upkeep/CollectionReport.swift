import Vocabulary

/// What a collection found and did.
package struct CollectionReport: Sendable, Equatable {
  package enum Phase: String, Sendable { case planned, mark, objects, extents, packs, done }
  package var phase = Phase.planned
  package var bundleCount = 0
  package var liveObjects = 0
  /// Objects that were removed, or would be.
  package var removedObjects = 0
  package var removedBytes: Int64 = 0
  package var rewrittenPacks = 0
  /// Bytes of dead records in packs that were rewritten, or would be.
  package var reclaimedPackBytes: Int64 = 0
  package init() {}
}
