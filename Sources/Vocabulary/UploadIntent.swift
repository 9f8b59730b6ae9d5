/// What a client wants of the upload resource, in no dialect's words.
package enum UploadIntent: Sendable, Equatable {
  case discover
  case create(CreateIntent)
  /// `completes`: an upload that has as many bytes as its length says is complete by that, as in tus.
  case inspect(UploadID, completes: Bool = true)
  case append(UploadID, AppendIntent)
  case terminate(UploadID)
}

/// When an upload is complete.
package enum UploadCompletion: Sendable, Equatable {
  /// As soon as as many bytes are there as its length says (tus).
  case atLength
  /// With the clean end of this request, whose content is the upload's last (IETF `Upload-Complete: ?1`, plain uploads).
  case withRequest
  /// Not with this request, whatever its bytes come to (IETF `Upload-Complete: ?0`).
  case later
}

/// What becomes of an upload whose request sends more than its length allows.
package enum OverflowRule: Sendable, Equatable {
  /// The request is refused and its bytes do not count.
  case refuse
  /// The upload ends: somebody's count is wrong (IETF from interop version 8 on).
  case invalidate
}

/// How an upload takes part in concatenation (tus).
package enum Concatenation: Sendable, Equatable {
  /// A part of a later upload: never a file of its own.
  case partial
  /// Made of parts, in this order; `raw` is the field as the client sent it.
  case final(parts: [UploadID], raw: String)
}

/// What a request says of its content as a whole, beside the bytes.
package struct ContentChecks: Sendable, Equatable {
  package static let none = ContentChecks()

  /// Checksums that this request's content must have, all of them.
  package var checksums: [Checksum]
  /// True when a further checksum follows the content in a trailer.
  package var hasTrailer: Bool
  /// Digests (sha256, sha512) that the whole file must have once it is complete.
  package var fileDigests: [Checksum]
  /// True when the client asks for the whole file's digest with the answer that completes it.
  package var wantsFileDigest: Bool

  package init(
    checksums: [Checksum] = [], hasTrailer: Bool = false, fileDigests: [Checksum] = [],
    wantsFileDigest: Bool = false
  ) {
    self.checksums = checksums
    self.hasTrailer = hasTrailer
    self.fileDigests = fileDigests
    self.wantsFileDigest = wantsFileDigest
  }

  /// One checksum of the content, or none.
  package static func checksum(_ checksum: Checksum?) -> ContentChecks {
    ContentChecks(checksums: checksum.map { [$0] } ?? [])
  }

  /// True when bytes do not count before the end of the request: they may yet turn out to be wrong.
  package var mayDiscard: Bool { !checksums.isEmpty || hasTrailer }
}

/// A new upload.
package struct CreateIntent: Sendable, Equatable {
  /// Bytes; `nil` while the client does not know.
  package var length: Int64?
  package var metadata: UploadMetadata
  /// True when the request's body is the upload's first bytes.
  package var hasContent: Bool
  /// Content-Length of the request, `nil` when chunked.
  package var contentLength: Int64?
  package var checks: ContentChecks
  package var completion: UploadCompletion
  package var overflow: OverflowRule
  package var concatenation: Concatenation?
  /// A second creation with the same key is the first one, sent again.
  package var idempotencyKey: String?

  package init(
    length: Int64?, metadata: UploadMetadata = .none, hasContent: Bool = false, contentLength: Int64? = nil,
    checks: ContentChecks = .none, completion: UploadCompletion = .atLength, overflow: OverflowRule = .refuse,
    concatenation: Concatenation? = nil, idempotencyKey: String? = nil
  ) {
    self.length = length
    self.metadata = metadata
    self.hasContent = hasContent
    self.contentLength = contentLength
    self.checks = checks
    self.completion = completion
    self.overflow = overflow
    self.concatenation = concatenation
    self.idempotencyKey = idempotencyKey
  }
}

/// More bytes for an upload.
package struct AppendIntent: Sendable, Equatable {
  package var offset: Int64
  /// The whole upload's length, when the client states it with this request.
  package var length: Int64?
  /// Content-Length of the request, `nil` when chunked.
  package var contentLength: Int64?
  package var checks: ContentChecks
  package var completion: UploadCompletion
  package var overflow: OverflowRule

  package init(
    offset: Int64, length: Int64? = nil, contentLength: Int64? = nil, checks: ContentChecks = .none,
    completion: UploadCompletion = .atLength, overflow: OverflowRule = .refuse
  ) {
    self.offset = offset
    self.length = length
    self.contentLength = contentLength
    self.checks = checks
    self.completion = completion
    self.overflow = overflow
  }
}

/// What a running request is worth telling of before its answer.
package enum UploadNotice: Sendable, Equatable {
  /// The upload is there and would outlive this request: its URL may be told.
  case created(UploadView)
  /// As many bytes are as durable as configured.
  case progressed(UploadID, offset: Int64)
}

/// What came of an intent, in no dialect's words.
package enum UploadOutcome: Sendable {
  case discovered
  case created(UploadView, receivedContent: Bool)
  case inspected(UploadView)
  case appended(UploadView)
  case terminated
  /// `view` when the upload is there to be seen (its offset goes with the error).
  case refused(ProblemError, view: UploadView?)
}

/// What a client may see of an upload.
package struct UploadView: Sendable, Equatable {
  package var id: UploadID
  package var state: UploadState
  /// Bytes that are as durable as configured: never decreases.
  package var offset: Int64
  package var length: Int64?
  package var metadata: UploadMetadata
  package var expiresAt: Timestamp?
  /// Known once verified.
  package var digest: Digest?
  package var concatenation: Concatenation?
  /// True while the parts of a final upload are being put together: its offset says nothing yet.
  package var isAssembling: Bool

  package init(
    id: UploadID, state: UploadState, offset: Int64, length: Int64?, metadata: UploadMetadata,
    expiresAt: Timestamp?, digest: Digest?, concatenation: Concatenation? = nil, isAssembling: Bool = false
  ) {
    self.id = id
    self.state = state
    self.offset = offset
    self.length = length
    self.metadata = metadata
    self.expiresAt = expiresAt
    self.digest = digest
    self.concatenation = concatenation
    self.isAssembling = isAssembling
  }
}

/// created → receiving → received → verified → committed, or one of the three ends without a file.
package enum UploadState: String, Sendable, CaseIterable {
  case created, receiving, received, verified, committed, rejected, cancelled, expired

  /// More bytes may come.
  package var isOpen: Bool { self == .created || self == .receiving }
  /// All bytes are there.
  package var isFinished: Bool { self == .received || self == .verified || self == .committed }
}

/// open → queued → admitted → committing → committed, or failed (→ retry → queued), cancelled, expired.
package enum PushState: String, Sendable, CaseIterable {
  case open, queued, admitted, committing, committed, failed, cancelled, expired

  /// The three words a list shows.
  package enum Status: String, Sendable, CaseIterable { case ongoing, complete, error, cancelled }
  package var status: Status {
    switch self {
    case .open, .queued, .admitted, .committing: .ongoing
    case .committed: .complete
    case .failed, .expired: .error
    case .cancelled: .cancelled
    }
  }
}
