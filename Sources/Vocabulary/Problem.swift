/// Every problem a client can be told of: the one table. A row is (code, status, title, retryable).
///
/// Served as RFC 9457 problem details; `docs/problems.md` lists the same rows and a test compares them.
package enum Problem: String, CaseIterable, Sendable {
  case badHeader = "bad-header"
  case badMetadata = "bad-metadata"
  case badPath = "bad-path"
  case badName = "bad-name"
  case badRequest = "bad-request"
  case inconsistentLength = "inconsistent-length"
  case unsupportedChecksum = "unsupported-checksum"
  case notFound = "not-found"
  case methodNotAllowed = "method-not-allowed"
  case tooSlow = "too-slow"
  case offsetMismatch = "offset-mismatch"
  case digestMismatch = "digest-mismatch"
  case pathConflict = "path-conflict"
  case pushIncomplete = "push-incomplete"
  case pushClosed = "push-closed"
  case notFinished = "not-finished"
  case takenOver = "taken-over"
  case gone = "gone"
  case unsupportedVersion = "unsupported-version"
  case tooLarge = "too-large"
  case unsupportedMediaType = "unsupported-media-type"
  case rangeNotSatisfiable = "range-not-satisfiable"
  case uploadRejected = "upload-rejected"
  case forbiddenOrigin = "forbidden-origin"
  case forbidden = "forbidden"
  case completedUpload = "completed-upload"
  case tooManyUploads = "too-many-uploads"
  case tooManyHeaders = "headers-too-large"
  case checksumMismatch = "checksum-mismatch"
  case finalImmutable = "final-immutable"
  case partialUnfinished = "partial-unfinished"
  case notPartial = "not-partial"
  case uploadInvalid = "upload-invalid"
  case idempotencyKeyReused = "idempotency-key-reused"
  case badArchive = "bad-archive"
  case storageFault = "storage-fault"
  case internalError = "internal-error"
  case busy = "busy"
  case tooManyConnections = "too-many-connections"
  case tooMuchUnfinished = "too-much-unfinished"
  case draining = "draining"
  case storageFull = "storage-full"

  package var code: String { rawValue }
  package var status: Int { row.status }
  package var title: String { row.title }
  /// Whether the same request may succeed later without a change by the client.
  package var retryable: Bool { row.retryable }

  private var row: (status: Int, title: String, retryable: Bool) {
    switch self {
    case .badHeader: (400, "A header field is malformed", false)
    case .badMetadata: (400, "Upload-Metadata is malformed", false)
    case .badPath: (400, "A path cannot be part of a bundle", false)
    case .badName: (400, "A name is not allowed", false)
    case .badRequest: (400, "The request is malformed", false)
    case .inconsistentLength: (400, "The upload's length is contradictory", false)
    case .unsupportedChecksum: (400, "The checksum algorithm is not supported", false)
    case .notFound: (404, "There is no such resource", false)
    case .methodNotAllowed: (405, "The resource does not take this method", false)
    case .tooSlow: (408, "The request arrives too slowly", true)
    case .offsetMismatch: (409, "Upload-Offset does not match", true)
    case .digestMismatch: (409, "The digest does not match", false)
    case .pathConflict: (400, "The path collides with another of the push", false)
    case .pushIncomplete: (409, "The push is not complete", true)
    case .pushClosed: (409, "The push takes no more changes", false)
    case .notFinished: (409, "The upload is not finished", true)
    case .takenOver: (409, "A newer request took this upload over", true)
    case .gone: (410, "The resource is gone", false)
    case .unsupportedVersion: (412, "The tus version is not supported", false)
    case .tooLarge: (413, "The content is too large", false)
    case .unsupportedMediaType: (415, "The content type is not supported", false)
    case .rangeNotSatisfiable: (416, "The range lies outside of the file", false)
    case .uploadRejected: (422, "The upload was rejected", false)
    case .forbiddenOrigin: (403, "The origin is not allowed", false)
    case .forbidden: (403, "The resource belongs to somebody else", false)
    case .completedUpload: (400, "The upload is complete already", false)
    case .tooManyUploads: (429, "This address has too many unfinished uploads", true)
    case .tooManyHeaders: (431, "The header fields are too large", false)
    case .checksumMismatch: (460, "The chunk's checksum does not match", true)
    case .finalImmutable: (403, "A final upload takes no content of its own", false)
    case .partialUnfinished: (400, "A part of the upload is not finished", true)
    case .notPartial: (400, "An upload is not a part for others", false)
    case .uploadInvalid: (410, "The upload's own account of itself was wrong", false)
    case .idempotencyKeyReused: (422, "The idempotency key belongs to another request", false)
    case .badArchive: (400, "The archive or form is malformed", false)
    case .storageFault: (500, "Stored data is missing or damaged", false)
    case .internalError: (500, "The server failed", true)
    case .busy: (503, "The server has too much to do", true)
    case .tooManyConnections: (503, "This address has too many connections", true)
    case .tooMuchUnfinished: (503, "Unfinished uploads take up too much", true)
    case .draining: (503, "The server is shutting down", true)
    case .storageFull: (507, "The storage is full", true)
    }
  }
}

/// An operating error with its row of the table and what a person needs to know about this case.
package struct ProblemError: Error, Sendable, CustomStringConvertible {
  package let problem: Problem
  /// One sentence that names the field, the value and what would be right.
  package let detail: String
  /// Further members of the problem document, by name.
  package var members: [String: ProblemMember]

  package init(_ problem: Problem, detail: String, members: [String: ProblemMember] = [:]) {
    self.problem = problem
    self.detail = detail
    self.members = members
  }
  package var description: String { "\(problem.code): \(detail)" }
}

/// A further member of a problem document.
package enum ProblemMember: Sendable, Equatable {
  case text(String)
  case integer(Int64)
  case list([[String: String]])
}
