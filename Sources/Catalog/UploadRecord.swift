import Vocabulary

/// An upload as the catalog remembers it. The offset is not here: it is the size of the partial file (MUST-4).
package struct UploadRecord: Sendable, Equatable {
  package var id: UploadID
  package var state: UploadState
  /// Bytes; nil while deferred.
  package var length: Int64?
  package var metadata: UploadMetadata
  package var push: PushID?
  package var path: BundlePath
  package var filename: String?
  /// What the client said the whole file's SHA-256 is.
  package var declaredDigest: Digest?
  /// What the client said the whole file's SHA-512 is.
  package var declaredSHA512: [UInt8]?
  package var concatenation: Concatenation?
  /// Another upload has its path in its push; which of them counts is decided when it is verified. Changed by
  /// `setContending` alone.
  package var isContending: Bool
  /// The verified SHA-256; set from state verified on.
  package var digest: Digest?
  /// Modification time in milliseconds since 1970, from the client.
  package var modifiedAt: Timestamp?
  /// Permission bits from the client, 0o000…0o777.
  package var mode: Int?
  /// Running SHA-256 state: covers the first `hashedBytes` bytes.
  package var hashState: [UInt8]?
  package var hashedBytes: Int64
  /// While a checksummed chunk is being received: bytes of the partial file from here on are not verified and are
  /// cut off at recovery.
  package var unverifiedFrom: Int64?
  package var client: String?
  package var createdAt: Timestamp
  package var updatedAt: Timestamp
  package var expiresAt: Timestamp?
  /// Why it was rejected, for people.
  package var reason: String?

  /// True while the parts of a final upload are being put together.
  package var isAssembling: Bool {
    if case .final = concatenation { return state == .created }
    return false
  }

  package init(
    id: UploadID, state: UploadState, length: Int64?, metadata: UploadMetadata, push: PushID?,
    path: BundlePath,
    filename: String?, declaredDigest: Digest?, digest: Digest? = nil, modifiedAt: Timestamp?, mode: Int?,
    hashState: [UInt8]? = nil, hashedBytes: Int64 = 0, unverifiedFrom: Int64? = nil, client: String?,
    createdAt: Timestamp, updatedAt: Timestamp, expiresAt: Timestamp?, reason: String? = nil,
    declaredSHA512: [UInt8]? = nil,
    concatenation: Concatenation? = nil, isContending: Bool = false
  ) {
    self.id = id
    self.state = state
    self.length = length
    self.metadata = metadata
    self.push = push
    self.path = path
    self.filename = filename
    self.declaredDigest = declaredDigest
    self.digest = digest
    self.modifiedAt = modifiedAt
    self.mode = mode
    self.hashState = hashState
    self.hashedBytes = hashedBytes
    self.unverifiedFrom = unverifiedFrom
    self.client = client
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.expiresAt = expiresAt
    self.reason = reason
    self.declaredSHA512 = declaredSHA512
    self.concatenation = concatenation
    self.isContending = isContending
  }
}
