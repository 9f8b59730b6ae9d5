import Vocabulary

/// How far reading everything again has got.
package struct ScrubRecord: Sendable, Equatable {
  /// When the pass that runs began, or the last one; nil before the first.
  package var startedAt: Timestamp?
  /// When the last whole pass ended.
  package var finishedAt: Timestamp?
  /// The last object that was read in the pass that runs; nil between passes.
  package var cursor: Digest?
  /// In the pass that runs, or the last one.
  package var checkedObjects: Int64
  package var checkedBytes: Int64

  package init(
    startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil, cursor: Digest? = nil,
    checkedObjects: Int64 = 0, checkedBytes: Int64 = 0
  ) {
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.cursor = cursor
    self.checkedObjects = checkedObjects
    self.checkedBytes = checkedBytes
  }
}

/// A stored object that is not what it should be.
package struct ScrubFinding: Sendable, Equatable {
  package var digest: Digest
  /// For people.
  package var reason: String
  package var at: Timestamp

  package init(digest: Digest, reason: String, at: Timestamp) {
    self.digest = digest
    self.reason = reason
    self.at = at
  }
}
