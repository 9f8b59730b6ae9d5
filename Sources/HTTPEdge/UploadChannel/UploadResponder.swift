import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Platform
import UploadProtocol
import Uploads
import Vocabulary

/// What goes back for an upload request.
struct UploadReply: Sendable {
  var head: HTTPResponse
  var body: [UInt8]
  /// The connection cannot be trusted to be in step any more.
  var mustClose: Bool
}

/// Request head → intent → engine → outcome → response head.
struct UploadResponder: Sendable {
  let dialect: any UploadDialect
  let options: DialectOptions
  let clock: any WallClock
  let engine: UploadEngine
  let address: PublicAddress
  let entropy: any Entropy
  let logger: Logger

  /// The request, if `DialectChoice` gives it to an upload dialect; all else is routed.
  func uploadRequest(_ head: HTTPRequestHead) -> HTTPRequest? {
    guard head.uri.utf8.starts(with: UploadRoute.basePath.utf8),
      let request = try? HTTPRequest(head, secure: false, splitCookie: false),
      DialectChoice(Self.head(of: request)) != nil
    else { return nil }
    return request
  }

  /// What is wrong with bytes that are no HTTP request.
  static func problem(of error: HTTPParserError) -> ProblemError {
    error == .headerOverflow
      ? ProblemError(.tooManyHeaders, detail: "the request's header fields are larger than this server takes")
      : ProblemError(.badRequest, detail: "the request is not HTTP/1.1: \(error)")
  }

  /// The last answer of a connection that has no request to answer.
  func refusal(_ problem: ProblemError) -> UploadReply {
    let requestID = Hexadecimal.encode(entropy.bytes(8))
    let body = ProblemDocument(problem, requestID: requestID).json
    var fields: HTTPFields = [
      .contentType: ProblemDocument.mediaType, .contentLength: String(body.count), .connection: "close",
      .requestID: requestID,
    ]
    if problem.problem.status == 503 { fields[.retryAfter] = String(options.retryAfterSeconds) }
    return UploadReply(
      head: HTTPResponse(status: .init(code: problem.problem.status), headerFields: fields), body: body,
      mustClose: true)
  }

  /// `interim` writes a 1xx head, if the request is not answered yet and its client understands one.
  func respond(
    to request: HTTPRequest, body: ChannelBody, peer: SocketAddress?,
    interim: @escaping @Sendable (HTTPResponse) -> Void
  ) async -> UploadReply {
    let requestID = RequestID.make(request.headerFields, entropy: entropy)
    let head = Self.head(of: request)
    let outcome: UploadOutcome
    if let problem = RequestOrigin.flaw(of: request, address: address, peer: peer?.ipAddress) {
      outcome = .refused(problem, view: nil)
    } else {
      do throws(ProblemError) {
        let intent = try dialect.interpret(head)
        outcome = await engine.perform(intent, body: body, client: peer?.ipAddress)
      } catch {
        outcome = .refused(error, view: nil)
      }
    }
    let origin = address.origin(
      authority: request.authority, headers: request.headerFields, peer: peer?.ipAddress,
      isSecure: request.scheme == "https")
    let context = ResponseContext(
      requestID: requestID, now: clock.now(), location: { (origin ?? "") + "/files/\($0)" })
    var response = dialect.render(outcome, for: head, in: context)
    if request.method == .head {
      // An HTTP/1 encoder that does not know the method frames any other answer as if a body followed (T-8).
      if response.head.status == .ok { response.head.status = .noContent }
      if response.head.status != .noContent { response.head.headerFields[.contentLength] = "0" }
    }
    var mustClose = false
    if case .refused(let error, _) = outcome {
      mustClose =
        [.takenOver, .draining, .tooSlow].contains(error.problem) || head.isAmbiguouslyFramed
      logger.info(
        "upload request refused",
        metadata: [
          "code": .string(error.problem.code), "detail": .string(error.detail), "request": .string(requestID),
          "method": .string(request.method.rawValue),
        ])
    }
    return UploadReply(head: response.head, body: response.body, mustClose: mustClose)
  }

  private static func head(of request: HTTPRequest) -> UploadRequestHead {
    UploadRequestHead(
      method: request.method, path: request.path ?? "", headerFields: request.headerFields,
      hasBody: UploadExchange.declaredBytes(of: request) != 0)
  }
}
