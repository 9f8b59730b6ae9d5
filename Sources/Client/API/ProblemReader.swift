import Foundation
import Vocabulary

/// Reads a problem document (RFC 9457) leniently: a proxy in between may answer with anything.
package enum ProblemReader {
  private struct Members: Decodable {
    var code: String?
    var title: String?
    var detail: String?
    var retryable: Bool?
    var requestID: String?
    var missing: [ClientError.PathReason]?
    var problems: [ClientError.PathReason]?

    enum CodingKeys: String, CodingKey {
      case code, title, detail, retryable, missing, problems
      case requestID = "request-id"
    }
  }

  /// The error that an answer with `status` means.
  ///
  /// - Parameter field: gives a header field's value.
  package static func error(
    status: Int, body: [UInt8], now: Timestamp, field: (String) -> String?
  ) -> ClientError {
    let members = try? JSONDecoder().decode(Members.self, from: Data(body))
    var error = ClientError(
      code: members?.code ?? "http-\(status)", title: members?.title ?? "The server answered \(status)",
      detail: members?.detail, status: status,
      retryable: members?.retryable ?? RetryPolicy.isRetryable(status: status),
      requestID: members?.requestID ?? field("X-Request-ID"))
    error.retryAfterSeconds = field("Retry-After").flatMap { RetryAfter.seconds($0, now: now) }
    error.uploadOffset = field("Upload-Offset").flatMap { Int64($0) }
    error.items = members?.missing ?? members?.problems ?? []
    if (300..<400).contains(status) {
      // Following it would send files to a place nobody named.
      error.detail =
        "the server redirects to \(quoted(field("Location") ?? "")); give that address as the server"
    }
    return error
  }
}
