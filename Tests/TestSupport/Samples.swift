import Catalog
import Vocabulary

/// Records with plain values where a test does not care.
extension PushRecord {
  package static func sample(
    _ id: PushID, _ state: PushState = .open, repo: RepoName = .inbox, message: String = "a message",
    label: LabelName? = nil, sealWhenComplete: Bool = false, expectedCount: Int64? = nil,
    sealedAt: Timestamp? = nil, expiresAt: Timestamp? = nil, bundle: BundleID? = nil
  ) -> PushRecord {
    PushRecord(
      id: id, state: state, origin: .client, repo: repo, message: message, label: label, author: "somebody",
      sealWhenComplete: sealWhenComplete, expectedCount: expectedCount,
      createdAt: Timestamp(milliseconds: 1),
      sealedAt: sealedAt ?? (state == .open ? nil : Timestamp(milliseconds: 2)),
      expiresAt: expiresAt, bundle: bundle)
  }
}

extension UploadRecord {
  package static func sample(
    _ id: UploadID, _ state: UploadState, push: PushID?, path: BundlePath, length: Int64? = 10,
    digest: Digest? = nil, filename: String? = nil, modifiedAt: Timestamp? = nil, mode: Int? = nil
  ) -> UploadRecord {
    UploadRecord(
      id: id, state: state, length: length, metadata: .none, push: push, path: path, filename: filename,
      declaredDigest: nil, digest: digest, modifiedAt: modifiedAt, mode: mode, client: nil,
      createdAt: Timestamp(milliseconds: 1), updatedAt: Timestamp(milliseconds: 1), expiresAt: nil)
  }
}
