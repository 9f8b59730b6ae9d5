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

/// Field names that are ours: additions a tus client may ignore.
extension HTTPField.Name {
  /// Where the upload is on its way to a file: the raw value of an `UploadState`.
  package static let uploadState = Self("Upload-State")!
  /// The code of the problem, for responses that have no body to say it in.
  package static let uploadError = Self("Upload-Error")!
  /// The digest of the whole verified file, written as `Repr-Digest` is.
  package static let uploadDigest = Self("Upload-Digest")!
}

/// Field names of other specifications that HTTPTypes does not list.
extension HTTPField.Name {
  package static let methodOverride = Self("X-HTTP-Method-Override")!
  package static let requestID = Self("X-Request-ID")!
  package static let referrerPolicy = Self("Referrer-Policy")!
}
