/// What a client wants of the upload resource, in no dialect's words.
package enum UploadIntent: Sendable, Equatable {
  case discover
  case create(CreateIntent)
  case inspect(UploadID)
  case append(UploadID, AppendIntent)
  case terminate(UploadID)
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
  package var checksum: Checksum?

  package init(
    length: Int64?, metadata: UploadMetadata = .none, hasContent: Bool = false, contentLength: Int64? = nil,
    checksum: Checksum? = nil
  ) {
    self.length = length
    self.metadata = metadata
    self.hasContent = hasContent
    self.contentLength = contentLength
    self.checksum = checksum
  }
}

/// More bytes for an upload.
package struct AppendIntent: Sendable, Equatable {
  package var offset: Int64
  /// The whole upload's length, when the client states it with this request.
  package var length: Int64?
  /// Content-Length of the request, `nil` when chunked.
  package var contentLength: Int64?
  package var checksum: Checksum?

  package init(offset: Int64, length: Int64? = nil, contentLength: Int64? = nil, checksum: Checksum? = nil) {
    self.offset = offset
    self.length = length
    self.contentLength = contentLength
    self.checksum = checksum
  }
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

  package init(
    id: UploadID, state: UploadState, offset: Int64, length: Int64?, metadata: UploadMetadata,
    expiresAt: Timestamp?, digest: Digest?
  ) {
    self.id = id
    self.state = state
    self.offset = offset
    self.length = length
    self.metadata = metadata
    self.expiresAt = expiresAt
    self.digest = digest
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
