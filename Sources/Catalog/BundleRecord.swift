import Vocabulary

/// A committed version of a repo; its entries are in its manifest.
package struct BundleRecord: Sendable, Equatable {
  package var id: BundleID
  package var repo: RepoName
  /// Per repo, from 1 on; `latest` is the greatest.
  package var sequence: Int64
  /// SHA-256 of the manifest, which is an object.
  package var digest: Digest
  package var message: String
  /// The label the push asked for; where labels are now is another question.
  package var label: LabelName?
  package var author: String?
  package var push: PushID
  package var fileCount: Int64
  package var byteCount: Int64
  package var createdAt: Timestamp
  /// The bundles it came after: the repo's latest at its commit, none for the first.
  package var parents: [BundleID]
  /// Everybody who added to it, the author first; empty when nobody said who they are.
  package var contributors: [String]
  package init(
    id: BundleID, repo: RepoName, sequence: Int64, digest: Digest, message: String, label: LabelName?,
    author: String?,
    push: PushID, fileCount: Int64, byteCount: Int64, createdAt: Timestamp, parents: [BundleID] = [],
    contributors: [String] = []
  ) {
    self.id = id
    self.repo = repo
    self.sequence = sequence
    self.digest = digest
    self.message = message
    self.label = label
    self.author = author
    self.push = push
    self.fileCount = fileCount
    self.byteCount = byteCount
    self.createdAt = createdAt
    self.parents = parents
    self.contributors = contributors
  }
}
