import HTTPTypes
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

/// Request head → dialect → intent → engine → outcome → response head.
struct UploadResponder: Sendable {
  let options: DialectOptions
  let engine: UploadEngine
  let address: PublicAddress
  let interimPolicy: InterimPolicy
  let crossOrigin: CrossOrigin
  let clock: any WallClock
  let entropy: any Entropy
  let log: RequestLog

  /// The request, if `DialectChoice` gives it to an upload dialect; all else is routed, and so are preflights.
  func uploadRequest(_ head: HTTPRequestHead) -> HTTPRequest? {
    guard head.uri.utf8.starts(with: UploadRoute.basePath.utf8),
      let request = try? HTTPRequest(head, secure: false, splitCookie: false),
      !CrossOrigin.isPreflight(request), DialectChoice(Self.head(of: request)) != nil
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
    log.failed(problem, method: "none", route: "none", requestID: requestID)
    let body = ProblemDocument(problem, requestID: requestID).json
    var fields: HTTPFields = [
      .contentType: ProblemDocument.mediaType, .contentLength: String(body.count), .connection: "close",
      .requestID: requestID, .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
    ]
    if problem.problem.status == 503 { fields[.retryAfter] = String(options.retryAfterSeconds) }
    return UploadReply(
      head: HTTPResponse(status: .init(code: problem.problem.status), headerFields: fields), body: body,
      mustClose: true)
  }

  /// `interim` writes a 1xx head, if the request is not answered yet and its client understands one.
  func respond(
    to request: HTTPRequest, body: ChannelBody, peer: SocketAddress?, local: SocketAddress?,
    interim: @escaping @Sendable (HTTPResponse) -> Void
  ) async -> UploadReply {
    let head = Self.head(of: request)
    let peer = peer?.peerName
    let isSecure = request.scheme == "https"
    var options = options
    let own = address.origin(
      authority: request.authority, headers: request.headerFields, peer: peer, isSecure: isSecure)
    options.ownOrigins += own.map { [$0] } ?? []
    guard let choice = DialectChoice(head) else { preconditionFailure("not an upload request") }
    let dialect = choice.dialect(options)
    let context = self.context(of: request, peer: peer, local: local)
    let outcome = await outcome(
      of: request, head, dialect, body: body, peer: peer,
      notify: notify(head, dialect, context, peer, interim))
    var final = context
    final.now = clock.now()
    var response = dialect.render(outcome, for: head, in: final)
    if request.method == .head {
      // An HTTP/1 encoder that does not know the method frames any other answer as if a body followed (T-8).
      if response.head.status == .ok { response.head.status = .noContent }
      if response.head.status != .noContent { response.head.headerFields[.contentLength] = "0" }
    }
    var mustClose = false
    if case .refused(let error, _) = outcome {
      mustClose =
        [.takenOver, .draining, .tooSlow].contains(error.problem) || head.isAmbiguouslyFramed
      log.failed(
        error, method: request.method.rawValue, route: RequestLog.route(ofUpload: head.path),
        requestID: context.requestID)
    }
    crossOrigin.add(to: &response.head.headerFields, for: request)
    return UploadReply(head: response.head, body: response.body, mustClose: mustClose)
  }

  private func outcome(
    of request: HTTPRequest, _ head: UploadRequestHead, _ dialect: any UploadDialect, body: ChannelBody,
    peer: String?, notify: UploadEngine.Notify?
  ) async -> UploadOutcome {
    if let problem = RequestOrigin.flaw(
      of: request, address: address, peer: peer, crossOrigin: crossOrigin)
    {
      return .refused(problem, view: nil)
    }
    do throws(ProblemError) {
      let intent = try dialect.interpret(head)
      body.parseTrailers = { trailers throws(ProblemError) in
        try dialect.trailingChecksum(in: trailers, of: head)
      }
      return await engine.perform(
        intent, body: body, client: address.client(headers: request.headerFields, peer: peer),
        notify: notify)
    } catch {
      return .refused(error, view: nil)
    }
  }

  /// nil for a client that gets no interim responses: then nothing need be prepared for them.
  private func notify(
    _ head: UploadRequestHead, _ dialect: any UploadDialect, _ context: ResponseContext, _ peer: String?,
    _ interim: @escaping @Sendable (HTTPResponse) -> Void
  ) -> UploadEngine.Notify? {
    guard dialect.sendsInterim, interimPolicy.allows(peer: peer, headers: head.headerFields) else {
      return nil
    }
    return { [clock] notice in
      var context = context
      context.now = clock.now()
      if let response = dialect.interim(notice, for: head, in: context) { interim(response) }
    }
  }

  private func context(of request: HTTPRequest, peer: String?, local: SocketAddress?) -> ResponseContext {
    let local = local.flatMap { local in
      local.ipAddress.flatMap { address in local.port.map { (address: address, port: $0) } }
    }
    let origin = address.locationOrigin(
      authority: request.authority, headers: request.headerFields, peer: peer, local: local,
      isSecure: request.scheme == "https")
    return ResponseContext(
      requestID: RequestID.make(request.headerFields, entropy: entropy), now: clock.now(),
      location: { (origin ?? "") + "/files/\($0)" })
  }

  private static func head(of request: HTTPRequest) -> UploadRequestHead {
    UploadRequestHead(
      method: request.method, path: request.path ?? "", headerFields: request.headerFields,
      authority: request.authority, hasBody: UploadExchange.declaredBytes(of: request) != 0)
  }
}
