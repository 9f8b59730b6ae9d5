import HTTPTypes

/// Field names of tus 1.0.0 and its extensions (https://tus.io/protocols/resumable-upload).
extension HTTPField.Name {
  package static let tusResumable = Self("Tus-Resumable")!
  package static let tusVersion = Self("Tus-Version")!
  package static let tusExtension = Self("Tus-Extension")!
  package static let tusMaxSize = Self("Tus-Max-Size")!
  package static let tusChecksumAlgorithm = Self("Tus-Checksum-Algorithm")!
  package static let uploadOffset = Self("Upload-Offset")!
  package static let uploadLength = Self("Upload-Length")!
  package static let uploadDeferLength = Self("Upload-Defer-Length")!
  package static let uploadMetadata = Self("Upload-Metadata")!
  package static let uploadExpires = Self("Upload-Expires")!
  package static let uploadChecksum = Self("Upload-Checksum")!
  package static let uploadConcat = Self("Upload-Concat")!
}

/// Field names of "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload).
extension HTTPField.Name {
  package static let uploadComplete = Self("Upload-Complete")!
  /// The opposite of `Upload-Complete`, in interop version 3.
  package static let uploadIncomplete = Self("Upload-Incomplete")!
  package static let uploadLimit = Self("Upload-Limit")!
  package static let uploadDraftInteropVersion = Self("Upload-Draft-Interop-Version")!
}

/// Field names that are ours: additions a tus client may ignore.
extension HTTPField.Name {
  /// Where the upload is on its way to a file: the raw value of an `UploadState`.
  package static let uploadState = Self("Upload-State")!
  /// The code of the problem, for responses that have no body to say it in.
  package static let uploadError = Self("Upload-Error")!
  /// The digest of the whole file, written as `Repr-Digest` is: declared by a request, told once verified.
  package static let uploadDigest = Self("Upload-Digest")!
}

/// Field names of other specifications that HTTPTypes does not list.
extension HTTPField.Name {
  package static let methodOverride = Self("X-HTTP-Method-Override")!
  package static let requestID = Self("X-Request-ID")!
  package static let referrerPolicy = Self("Referrer-Policy")!
  /// RFC 5789 §3.1.
  package static let acceptPatch = Self("Accept-Patch")!
  /// draft-ietf-httpapi-idempotency-key-header.
  package static let idempotencyKey = Self("Idempotency-Key")!
  /// RFC 9530 §2: the digest of one message's content.
  package static let contentDigest = Self("Content-Digest")!
  /// RFC 9530 §4: the algorithms a client wants a digest of the whole file by.
  package static let wantReprDigest = Self("Want-Repr-Digest")!
  /// RFC 9530 §3: the digest of the whole file.
  static let reprDigest = Self("Repr-Digest")!
}
