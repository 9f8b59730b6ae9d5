import Vocabulary

/// A repo with what a list shows of it.
package struct RepoRecord: Sendable, Equatable {
  package var name: RepoName
  package var description: String?
  package var createdAt: Timestamp
  package var bundleCount: Int64
  /// The greatest sequence number ever given, 0 before the first; a deleted bundle's is not given again.
  package var lastSequence: Int64
  /// The name of its folder of descriptors: the repo's first name, and unique among all repos whatever they are called.
  package var folder: RepoName
  /// Its share of commits when several repos wait, 1 to 100.
  package var weight: Int
  package var retention: RetentionPolicy
  /// Bundles up to this sequence number are in the index of the repo's objects.
  package var indexedSequence: Int64
  /// Bytes of the repo's objects, each counted once, as far as they are indexed.
  package var objectBytes: Int64

  package init(
    name: RepoName, description: String?, createdAt: Timestamp, bundleCount: Int64, lastSequence: Int64,
    folder: RepoName? = nil, weight: Int = 1, retention: RetentionPolicy = RetentionPolicy(),
    indexedSequence: Int64 = 0, objectBytes: Int64 = 0
  ) {
    self.name = name
    self.description = description
    self.createdAt = createdAt
    self.bundleCount = bundleCount
    self.lastSequence = lastSequence
    self.folder = folder ?? name
    self.weight = weight
    self.retention = retention
    self.indexedSequence = indexedSequence
    self.objectBytes = objectBytes
  }
}

/// Which bundles of a repo are kept; a bundle goes when every rule that is set lets it go. Without a rule all are kept.
///
/// The latest bundle and bundles with a label are never let go.
package struct RetentionPolicy: Sendable, Equatable {
  /// Keep this many of the newest bundles, at least 1.
  package var latest: Int?
  /// Keep bundles younger than this.
  package var ageSeconds: Int64?

  package init(latest: Int? = nil, ageSeconds: Int64? = nil) {
    self.latest = latest
    self.ageSeconds = ageSeconds
  }
  package var isEmpty: Bool { latest == nil && ageSeconds == nil }
}

/// A label's place in its history: where it was put, or that it was taken away.
package struct LabelMove: Sendable, Equatable {
  /// Rises with every move of any label.
  package var sequence: Int64
  package var label: LabelName
  /// nil: the label was removed.
  package var bundle: BundleID?
  package var author: String?
  package var at: Timestamp

  package init(sequence: Int64, label: LabelName, bundle: BundleID?, author: String?, at: Timestamp) {
    self.sequence = sequence
    self.label = label
    self.bundle = bundle
    self.author = author
    self.at = at
  }
}

/// Work on stored files that a transaction decided and that is carried out after it: safe to do twice.
package struct PlannedStep: Sendable, Equatable {
  package enum Kind: String, Sendable {
    /// Write `repo.json` of the repo whose folder is the subject.
    case describeRepo = "describe-repo"
    /// Remove the descriptor `folder/name` that is the subject.
    case removeDescriptor = "remove-descriptor"
    /// Remove what is in the folder of descriptors that is the subject; until then no new repo gets the folder.
    case removeFolder = "remove-folder"
    /// Let the uploads of the push that is the subject expire: it has ended, or its bundle was deleted.
    case releaseUploads = "release-uploads"
  }
  package var sequence: Int64
  package var kind: Kind
  package var subject: String

  package init(sequence: Int64, kind: Kind, subject: String) {
    self.sequence = sequence
    self.kind = kind
    self.subject = subject
  }
}

/// What is remembered of a bundle that was deleted.
package struct DeletedBundle: Sendable, Equatable {
  package var id: BundleID
  /// The repo it was in.
  package var repo: RepoName
  package var sequence: Int64
  package var actor: String?
  package var at: Timestamp

  package init(id: BundleID, repo: RepoName, sequence: Int64, actor: String?, at: Timestamp) {
    self.id = id
    self.repo = repo
    self.sequence = sequence
    self.actor = actor
    self.at = at
  }
}
