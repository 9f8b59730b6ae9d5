import Vocabulary

/// A push as the catalog remembers it.
package struct PushRecord: Sendable, Equatable {
  /// Who opened it: a client by the API, a single upload that came without one, or somebody at a source.
  package enum Origin: String, Sendable, CaseIterable { case client, upload, source }

  package var id: PushID
  package var state: PushState
  package var origin: Origin
  package var repo: RepoName
  package var message: String
  package var label: LabelName?
  package var author: String?
  package var sealWhenComplete: Bool
  /// Number and bytes of the files it expects; nil when it takes any.
  package var expectedCount: Int64?
  package var expectedBytes: Int64?
  package var createdAt: Timestamp
  package var sealedAt: Timestamp?
  package var finishedAt: Timestamp?
  /// While open: when it expires unless something arrives.
  package var expiresAt: Timestamp?
  /// Fixed at admission, so that a commit that is run again writes the same names.
  package var bundle: BundleID?
  package var attempts: Int
  package var errorCode: String?
  package var errorMessage: String?
  /// What happens to a file whose path another one of the push has.
  package var conflictPolicy: ConflictPolicy
  /// It may be sealed without any file.
  package var allowsEmpty: Bool
  /// The folder of this machine that its files come from.
  package var source: SourceFolder?
  /// Files of a source taken in at the same time.
  package var concurrencyFactor: Int?
  /// Not to be admitted before, after a failure.
  package var notBefore: Timestamp?

  package init(
    id: PushID, state: PushState, origin: Origin, repo: RepoName, message: String, label: LabelName?,
    author: String?,
    sealWhenComplete: Bool, expectedCount: Int64? = nil, expectedBytes: Int64? = nil, createdAt: Timestamp,
    sealedAt: Timestamp? = nil, finishedAt: Timestamp? = nil, expiresAt: Timestamp?, bundle: BundleID? = nil,
    attempts: Int = 0, errorCode: String? = nil, errorMessage: String? = nil,
    conflictPolicy: ConflictPolicy = .refuse, allowsEmpty: Bool = false, source: SourceFolder? = nil,
    concurrencyFactor: Int? = nil, notBefore: Timestamp? = nil
  ) {
    self.id = id
    self.state = state
    self.origin = origin
    self.repo = repo
    self.message = message
    self.label = label
    self.author = author
    self.sealWhenComplete = sealWhenComplete
    self.expectedCount = expectedCount
    self.expectedBytes = expectedBytes
    self.createdAt = createdAt
    self.sealedAt = sealedAt
    self.finishedAt = finishedAt
    self.expiresAt = expiresAt
    self.bundle = bundle
    self.attempts = attempts
    self.errorCode = errorCode
    self.errorMessage = errorMessage
    self.conflictPolicy = conflictPolicy
    self.allowsEmpty = allowsEmpty
    self.source = source
    self.concurrencyFactor = concurrencyFactor
    self.notBefore = notBefore
  }
}

/// What happens when two clients add different content at one path of a push; equal content is one file under each.
package enum ConflictPolicy: String, Sendable, CaseIterable {
  /// The later one is refused.
  case refuse
  /// The first stays; the later one is taken and left out of the bundle.
  case keepFirst = "keep-first"
  /// The later one takes the place of the first.
  case latestWins = "latest-wins"
}

/// A folder below a source: its name and the path inside, empty for the source itself.
package struct SourceFolder: Sendable, Equatable {
  package var name: String
  package var path: String
  package init(name: String, path: String) {
    self.name = name
    self.path = path
  }
}

/// A file that a push says it will have.
package struct ExpectedFile: Sendable, Equatable {
  package var path: BundlePath
  package var size: Int64
  package var digest: Digest?
  package init(path: BundlePath, size: Int64, digest: Digest?) {
    self.path = path
    self.size = size
    self.digest = digest
  }
}

/// Something that keeps a push from being sealed.
package struct MissingFile: Sendable, Equatable {
  package enum Reason: String, Sendable {
    /// An upload of it is under way.
    case unfinished
    /// Its upload failed its digest.
    case rejected
    /// Expected, but no upload of it began.
    case absent
  }
  package var path: String
  package var reason: Reason
  package init(path: String, reason: Reason) {
    self.path = path
    self.reason = reason
  }
}

/// Counts over a push's uploads (cancelled and expired ones aside).
package struct PushProgress: Sendable, Equatable {
  package var total: Int64
  /// Verified or committed.
  package var verified: Int64
  package var rejected: Int64
  /// Declared bytes of the uploads that are finished.
  package var finishedBytes: Int64
  package init(total: Int64, verified: Int64, rejected: Int64, finishedBytes: Int64) {
    self.total = total
    self.verified = verified
    self.rejected = rejected
    self.finishedBytes = finishedBytes
  }
}
