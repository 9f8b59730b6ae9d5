import Vocabulary

/// What a collection found and did.
package struct CollectionReport: Sendable, Equatable {
  /// Of the faults; the last then says that there are more.
  package static let faultLimit = 100
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
  /// What went wrong without ending the run, or needs somebody to look: a sentence each, for the operator.
  package private(set) var faults: [String] = []
  package init() {}

  mutating func add(fault: String) {
    guard faults.count < Self.faultLimit else { return }
    faults.append(faults.count == Self.faultLimit - 1 ? "there is more that is not listed" : fault)
  }
}
