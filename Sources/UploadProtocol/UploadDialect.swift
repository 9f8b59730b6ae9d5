import HTTPTypes
import Vocabulary

/// One way to speak of uploads in HTTP: heads to intents, outcomes to heads. Pure.
package protocol UploadDialect: Sendable {
  /// What the request wants.
  ///
  /// - Throws: `ProblemError` for a request that makes no sense; render it as `.refused` without a view.
  func interpret(_ head: UploadRequestHead) throws(ProblemError) -> UploadIntent

  /// The response to a request, whatever came of it.
  func render(
    _ outcome: UploadOutcome, for request: UploadRequestHead, in context: ResponseContext
  ) -> UploadResponse

  /// True when this client can be sent interim responses at all.
  var sendsInterim: Bool { get }

  /// The interim response (1xx) that tells of a notice; nil when this client is not to get one.
  func interim(
    _ notice: UploadNotice, for request: UploadRequestHead, in context: ResponseContext
  ) -> HTTPResponse?

  /// The checksum of the content that the trailers declare.
  ///
  /// - Throws: `ProblemError` when it is malformed, missing although announced, or contradicts the head's.
  func trailingChecksum(
    in trailers: HTTPFields, of request: UploadRequestHead
  ) throws(ProblemError) -> Checksum?
}

extension UploadDialect {
  package var sendsInterim: Bool { false }

  package func interim(
    _ notice: UploadNotice, for request: UploadRequestHead, in context: ResponseContext
  ) -> HTTPResponse? { nil }

  package func trailingChecksum(
    in trailers: HTTPFields, of request: UploadRequestHead
  ) throws(ProblemError) -> Checksum? { nil }
}

/// What a response says that is not part of the outcome.
package struct ResponseContext: Sendable {
  package var requestID: String
  package var now: Timestamp
  /// The value of `Location` for an upload: a path or an absolute URL.
  package var location: @Sendable (UploadID) -> String

  package init(requestID: String, now: Timestamp, location: @escaping @Sendable (UploadID) -> String) {
    self.requestID = requestID
    self.now = now
    self.location = location
  }
}

/// What differs from server to server.
package struct DialectOptions: Sendable, Equatable {
  /// The largest upload taken, `nil` for no limit.
  package var maximumSizeBytes: Int64?
  /// The most bytes one request should bring, `nil` for no limit: what a proxy in front lets through.
  package var maximumAppendBytes: Int64?
  /// Answer to OPTIONS: 204, or 200 for browsers so old that they refuse a preflight without content.
  package var discoveryStatus: HTTPResponse.Status
  /// Value of `Retry-After` unless the problem has its own.
  package var retryAfterSeconds: Int64
  /// Whether a client of the final specification, which names no version, gets interim responses.
  package var sendsInterimToFinal: Bool
  /// Origins (`scheme://host[:port]`) this server is known by beside the authority of the request (T-77).
  package var ownOrigins: [String]

  package init(
    maximumSizeBytes: Int64? = nil, maximumAppendBytes: Int64? = nil,
    discoveryStatus: HTTPResponse.Status = .noContent, retryAfterSeconds: Int64 = 5,
    sendsInterimToFinal: Bool = false, ownOrigins: [String] = []
  ) {
    self.maximumSizeBytes = maximumSizeBytes
    self.maximumAppendBytes = maximumAppendBytes
    self.discoveryStatus = discoveryStatus
    self.retryAfterSeconds = retryAfterSeconds
    self.sendsInterimToFinal = sendsInterimToFinal
    self.ownOrigins = ownOrigins
  }

  /// Refuses a file larger than this server takes.
  ///
  /// - Throws: `ProblemError` with `too-large`.
  func checkSize(_ length: Int64?, of name: HTTPField.Name) throws(ProblemError) {
    guard let maximum = maximumSizeBytes, let length, length > maximum else { return }
    throw ProblemError(
      .tooLarge, detail: "\(name.rawName) \(length) is more than the \(maximum) bytes this server takes",
      members: ["maximum-size": .integer(maximum), "provided-length": .integer(length)])
  }
}
