import Vocabulary

/// The content of one or more files of a repo.
package struct RepoObject: Sendable, Equatable {
  package var digest: Digest
  /// Bytes.
  package var size: Int64

  package init(digest: Digest, size: Int64) {
    self.digest = digest
    self.size = size
  }
}

/// A bundle whose files are still to be added to the index of its repo's objects.
package struct UnindexedBundle: Sendable, Equatable {
  package var bundle: BundleRecord
  /// Rises when the repo loses a bundle: what was gathered before does not count any more.
  package var generation: Int64

  package init(bundle: BundleRecord, generation: Int64) {
    self.bundle = bundle
    self.generation = generation
  }
}

/// A file of a push that does not enter its bundle, because another one at its path counts.
package struct SupersededFile: Sendable, Equatable {
  /// Rises within its push.
  package var number: Int64
  package var path: BundlePath
  /// What the file had.
  package var digest: Digest
  package var size: Int64
  /// The upload that brought it.
  package var upload: UploadID
  /// The upload whose file counts instead.
  package var by: UploadID
  package var at: Timestamp

  package init(
    number: Int64 = 0, path: BundlePath, digest: Digest, size: Int64, upload: UploadID, by: UploadID,
    at: Timestamp
  ) {
    self.number = number
    self.path = path
    self.digest = digest
    self.size = size
    self.upload = upload
    self.by = by
    self.at = at
  }
}
