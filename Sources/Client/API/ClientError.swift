import Vocabulary

/// A request that did not succeed: what the server said (RFC 9457), or that no answer came.
package struct ClientError: Error, Sendable, CustomStringConvertible {
  /// The server's stable word for the problem; `network` when no answer came, `unexpected-answer` for nonsense.
  package var code: String
  package var title: String
  package var detail: String?
  /// nil when no answer came.
  package var status: Int?
  /// Whether the same request may succeed later without a change.
  package var retryable: Bool
  package var requestID: String?
  package var retryAfterSeconds: Double?
  /// The true offset that came with a conflict.
  package var uploadOffset: Int64?
  /// What keeps a push from being sealed, or what a verification found.
  package var items: [PathReason] = []

  package struct PathReason: Sendable, Equatable, Decodable {
    package var path: String
    package var reason: String
    package init(path: String, reason: String) {
      self.path = path
      self.reason = reason
    }
  }

  package init(
    code: String, title: String, detail: String? = nil, status: Int? = nil, retryable: Bool = false,
    requestID: String? = nil, retryAfterSeconds: Double? = nil, uploadOffset: Int64? = nil
  ) {
    self.code = code
    self.title = title
    self.detail = detail
    self.status = status
    self.retryable = retryable
    self.requestID = requestID
    self.retryAfterSeconds = retryAfterSeconds
    self.uploadOffset = uploadOffset
  }

  package static func network(_ detail: String) -> ClientError {
    ClientError(code: "network", title: "The server gave no answer", detail: detail, retryable: true)
  }

  /// The server at an `https:` address does not prove to be the one that was named.
  package static func untrusted(_ detail: String) -> ClientError {
    ClientError(
      code: "untrusted-certificate", title: "The server's certificate is not trusted",
      detail: "the server's certificate is not trusted (\(detail)); --certificate FILE names one that is")
  }

  package static func unexpected(_ detail: String, status: Int? = nil, requestID: String? = nil)
    -> ClientError
  {
    ClientError(
      code: "unexpected-answer", title: "The answer makes no sense", detail: detail, status: status,
      requestID: requestID)
  }

  package func has(_ problem: Problem) -> Bool { code == problem.code }

  /// There is no such thing (any more).
  package var meansGone: Bool { status == 404 || status == 410 }

  package var description: String {
    var text = detail ?? title
    if let status { text += " (\(code), status \(status)" } else { text += " (\(code)" }
    if let requestID { text += ", request \(requestID)" }
    return text + ")"
  }
}
