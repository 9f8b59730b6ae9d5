import Vocabulary

/// Questions that go through the whole of a catalog: for checking it, never for serving.
///
/// A page may read more than it returns, and some questions read a table from end to end.
package protocol CatalogAudit {
  /// Where every small object in a pack lies, in the order of their digests, after `digest`.
  func packedObjects(after digest: Digest?, limit: Int) throws -> [PackedObject]
  /// Every label with the bundle it names, by repo and label, after `label`.
  func labels(after label: LabelRecord?, limit: Int) throws -> [LabelRecord]
  /// What `pushProgress` keeps, counted anew from the uploads.
  func countedProgress(of push: PushID) throws -> PushProgress
  /// Paths the push expects whose kept number of uploads is not their number, in byte order.
  func miscountedFiles(ofPush id: PushID, limit: Int) throws -> [String]
  /// Numbers of events whose predecessor is missing, in order; the first event is number 1.
  func eventGaps(limit: Int) throws -> [Int64]
  /// Ids of uploads and pushes in a state that is none, which no other question finds.
  func strayIDs(limit: Int) throws -> [String]
  /// What the storage itself finds wrong with how the catalog is stored, a sentence each; empty when it is sound.
  func integrityFlaws(limit: Int) throws -> [String]
}

/// A small object and where it lies.
package struct PackedObject: Sendable, Equatable {
  package var digest: Digest
  package var extent: Extent
  package init(digest: Digest, extent: Extent) {
    self.digest = digest
    self.extent = extent
  }
}

/// A label and the bundle it names.
package struct LabelRecord: Sendable, Equatable {
  package var repo: RepoName
  package var label: LabelName
  package var bundle: BundleID
  package init(repo: RepoName, label: LabelName, bundle: BundleID) {
    self.repo = repo
    self.label = label
    self.bundle = bundle
  }
}
