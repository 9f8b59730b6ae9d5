/// Every problem a client can be told of: the one table. A row is (code, status, title, retryable, remedy).
///
/// Served as RFC 9457 problem details; `GET /problems` and `docs/problems.md` list the same rows.
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
  case inUse = "in-use"
  case nameTaken = "name-taken"
  case pushIncomplete = "push-incomplete"
  case pushClosed = "push-closed"
  case notFinished = "not-finished"
  case takenOver = "taken-over"
  case gone = "gone"
  case superseded = "superseded"
  case challengeExpired = "challenge-expired"
  case notProven = "not-proven"
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
  case commitTimeout = "commit-timeout"
  case busy = "busy"
  case tooManyConnections = "too-many-connections"
  case tooMuchUnfinished = "too-much-unfinished"
  case draining = "draining"
  case storageFull = "storage-full"
  case sourceUnavailable = "source-unavailable"
  case sourceUnreadable = "source-unreadable"
  case sourceChanged = "source-changed"

  package var code: String { rawValue }
  package var status: Int { row.status }
  package var title: String { row.title }
  /// Whether the same request may succeed later without a change by the client.
  package var retryable: Bool { row.retryable }

  /// What the client or its user can do about it: one sentence; names of fields stand in backquotes.
  package var remedy: String { row.remedy }

  private var row: (status: Int, title: String, retryable: Bool, remedy: String) {
    switch self {
    case .badHeader:
      (
        400, "A header field is malformed", false,
        "Correct the field that `field` and `detail` name."
      )
    case .badMetadata:
      (
        400, "Upload-Metadata is malformed", false,
        "Send comma-separated pairs of a key and its Base64 value, each key once."
      )
    case .badPath:
      (
        400, "A path cannot be part of a bundle", false,
        "Send a relative path without empty, `.` or `..` parts and control characters; the push may also list what it expects."
      )
    case .badName:
      (
        400, "A name is not allowed", false,
        "Use 1 to 64 letters, digits, `.`, `_` or `-`, beginning with a letter or digit."
      )
    case .badRequest:
      (
        400, "The request is malformed", false,
        "Correct what `detail` names; `field` has its name where there is one."
      )
    case .inconsistentLength:
      (
        400, "The upload's length is contradictory", false,
        "State one length, the same in every request, and send exactly as many bytes."
      )
    case .unsupportedChecksum:
      (
        400, "The checksum algorithm is not supported", false,
        "Use an algorithm of `Tus-Checksum-Algorithm`."
      )
    case .notFound:
      (
        404, "There is no such resource", false,
        "Check the URL; an upload that is not there has to be created again."
      )
    case .methodNotAllowed:
      (
        405, "The resource does not take this method", false,
        "Use a method that the `Allow` field lists."
      )
    case .tooSlow:
      (
        408, "The request arrives too slowly", true,
        "Ask for the offset with HEAD and resume; what arrived is safe."
      )
    case .offsetMismatch:
      (
        409, "Upload-Offset does not match", true,
        "Resume at the `Upload-Offset` of this response."
      )
    case .digestMismatch:
      (
        409, "The digest does not match", false,
        "Compare the file with its source; one of the two is damaged or another version."
      )
    case .pathConflict:
      (
        400, "The path collides with another of the push", false,
        "Choose another path, or delete the other upload first."
      )
    case .inUse:
      (
        409, "It is in use", false,
        "Move or remove what `detail` names first, then try again."
      )
    case .nameTaken:
      (
        409, "The name is taken", false,
        "Choose another name."
      )
    case .pushIncomplete:
      (
        409, "The push is not complete", true,
        "Finish or replace the files that `missing` lists, then seal again."
      )
    case .pushClosed:
      (
        409, "The push takes no more changes", false,
        "Open a new push."
      )
    case .notFinished:
      (
        409, "The upload is not finished", true,
        "Send the rest of the upload first."
      )
    case .takenOver:
      (
        409, "A newer request took this upload over", true,
        "Nothing, if the newer request is yours; else ask for the offset with HEAD and resume."
      )
    case .gone:
      (
        410, "The resource is gone", false,
        "Create the upload again."
      )
    case .superseded:
      (
        410, "Another file of the push counts instead", false,
        "Nothing: the file arrived, and the push's policy for conflicts decided for the other at its path."
      )
    case .challengeExpired:
      (
        409, "The challenge does not count any more", false,
        "Look the files up again and answer the new challenge."
      )
    case .notProven:
      (
        403, "Having the file is not proven", false,
        "Send the file."
      )
    case .unsupportedVersion:
      (
        412, "The tus version is not supported", false,
        "Send `Tus-Resumable` with the version that `Tus-Version` names."
      )
    case .tooLarge:
      (
        413, "The content is too large", false,
        "Send less; `Tus-Max-Size` or `detail` tells how much is taken."
      )
    case .unsupportedMediaType:
      (
        415, "The content type is not supported", false,
        "Send the `Content-Type` that `detail` names."
      )
    case .rangeNotSatisfiable:
      (
        416, "The range lies outside of the file", false,
        "Ask for a range inside of the length that `Content-Range` tells."
      )
    case .uploadRejected:
      (
        422, "The upload was rejected", false,
        "Send the file again from its source; its bytes are not what was declared."
      )
    case .forbiddenOrigin:
      (
        403, "The origin is not allowed", false,
        "The operator can list the origin of the page in `server.allowedOrigins`."
      )
    case .forbidden:
      (
        403, "The resource belongs to somebody else", false,
        "Use only uploads of this server that are your own."
      )
    case .completedUpload:
      (
        400, "The upload is complete already", false,
        "Nothing; ask with HEAD what came of it."
      )
    case .tooManyUploads:
      (
        429, "This address has too many unfinished uploads", true,
        "Finish or delete some of them; then try again."
      )
    case .tooManyHeaders:
      (
        431, "The header fields are too large", false,
        "Send fewer or shorter header fields."
      )
    case .checksumMismatch:
      (
        460, "The chunk's checksum does not match", true,
        "Send the same bytes again; none of this request count."
      )
    case .finalImmutable:
      (
        403, "A final upload takes no content of its own", false,
        "Send content to the partial uploads only."
      )
    case .partialUnfinished:
      (
        400, "A part of the upload is not finished", true,
        "Finish every part, then concatenate again."
      )
    case .notPartial:
      (
        400, "An upload is not a part for others", false,
        "Concatenate only uploads that were created with `Upload-Concat: partial`."
      )
    case .uploadInvalid:
      (
        410, "The upload's own account of itself was wrong", false,
        "Create a new upload."
      )
    case .idempotencyKeyReused:
      (
        422, "The idempotency key belongs to another request", false,
        "Use a new key for every new request."
      )
    case .badArchive:
      (
        400, "The archive or form is malformed", false,
        "Make the archive or form again; `detail` names the place."
      )
    case .storageFault:
      (
        500, "Stored data is missing or damaged", false,
        "Tell the operator, with the request id; `sheaf doctor` shows what is damaged."
      )
    case .internalError:
      (
        500, "The server failed", true,
        "Try again; if it stays, tell the operator the request id."
      )
    case .commitTimeout:
      (
        503, "A commit took too long", true,
        "The scheduler tries again; the operator can raise `scheduler.commitTimeoutSeconds`."
      )
    case .busy:
      (
        503, "The server has too much to do", true,
        "Wait as long as `Retry-After` says, then try again."
      )
    case .tooManyConnections:
      (
        503, "This address has too many connections", true,
        "Close connections or use them again for further requests."
      )
    case .tooMuchUnfinished:
      (
        503, "Unfinished uploads take up too much", true,
        "Wait until other uploads are finished or have expired."
      )
    case .draining:
      (
        503, "The server is shutting down", true,
        "Wait as long as `Retry-After` says; the server comes back, and so do the uploads."
      )
    case .storageFull:
      (
        507, "The storage is full", true,
        "The operator has to free space; the upload keeps what it has."
      )
    case .sourceUnavailable:
      (
        503, "The source's folder is not there", true,
        "The operator has to bring the folder back, or to name the source again; then retry the push."
      )
    case .sourceUnreadable:
      (
        409, "A file of the source cannot be taken in", false,
        "Let the server read what `detail` names, or leave it out; then retry the push."
      )
    case .sourceChanged:
      (
        409, "A file of the source changes while it is read", true,
        "Wait until nobody writes to what `detail` names; then retry the push."
      )
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
