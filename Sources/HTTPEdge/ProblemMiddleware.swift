import Blobs
import HTTPTypes
import Hummingbird
import NIOCore
import Platform
import UploadProtocol
import Vocabulary

/// The last word on every routed response: any error becomes a problem document (or a page, below `/ui`) and a log
/// line, and every response carries its request id, the security headers and what browsers need of other origins.
struct ProblemMiddleware: RouterMiddleware {
  let entropy: any Entropy
  let address: PublicAddress
  let crossOrigin: CrossOrigin
  let routes: RouteTable
  let log: RequestLog
  /// Keeps what went wrong inside for the operator's page.
  let remember: @Sendable (String) -> Void

  func handle(
    _ request: Request, context: GatewayContext,
    next: (Request, GatewayContext) async throws -> Response
  ) async throws -> Response {
    let requestID = RequestID.make(request.headers, entropy: entropy)
    var response: Response
    do {
      response = try await answer(request, context, next)
    } catch {
      response = failure(error, of: request, requestID: requestID)
    }
    response.headers[.requestID] = requestID
    response.headers[.xContentTypeOptions] = "nosniff"
    // Not "no-referrer": a browser then sends its own forms with the origin "null", which is nobody's.
    response.headers[.referrerPolicy] = "same-origin"
    if response.headers[.contentSecurityPolicy] == nil {
      response.headers[.contentSecurityPolicy] =
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    }
    crossOrigin.add(to: &response.headers, for: request.head)
    return response
  }

  private func answer(
    _ request: Request, _ context: GatewayContext,
    _ next: (Request, GatewayContext) async throws -> Response
  ) async throws -> Response {
    if CrossOrigin.isPreflight(request.head) {
      return Response(status: .noContent, headers: try crossOrigin.preflight(request.head))
    }
    if let flaw = RequestOrigin.flaw(
      of: request.head, address: address, peer: context.peer, crossOrigin: crossOrigin)
    {
      throw flaw
    }
    do {
      var response = try await next(request, context)
      // HTTP/1 has no way to say that the length is not known but by framing a body, which HEAD has not.
      if request.method == .head, response.status == .ok, response.body.contentLength == nil {
        response.status = .noContent
      }
      return response
    } catch let error as HTTPError where error.status == .notFound {
      let methods = routes.methods(at: request.uri.path)
      guard request.method == .options, !methods.isEmpty || request.head.path == "*" else { throw error }
      return Response(status: .noContent, headers: [.allow: methods.joined(separator: ", ")])
    }
  }

  private func failure(_ error: any Error, of request: Request, requestID: String) -> Response {
    let (problem, cause) = problem(for: error, request)
    log.failed(
      problem, method: request.method.rawValue, route: routes.pattern(at: request.uri.path) ?? "none",
      requestID: requestID, cause: cause)
    if let cause { remember("\(cause) (request \(requestID))") }
    let isPage = request.uri.path == "/ui" || request.uri.path.hasPrefix("/ui/")
    var response =
      isPage ? errorPage(problem, requestID: requestID) : Self.document(problem, requestID: requestID)
    if problem.problem == .methodNotAllowed {
      response.headers[.allow] = routes.methods(at: request.uri.path).joined(separator: ", ")
    }
    guard request.method == .head else { return response }
    response = response.createHeadResponse()
    response.headers[.uploadError] = problem.problem.code
    return response
  }

  /// What the client is told, and what only the operator is.
  private func problem(for error: any Error, _ request: Request) -> (ProblemError, cause: String?) {
    switch error {
    case let error as ProblemError: return (error, nil)
    case let error as BlobError: return (error.problem, error.description)
    case let error as HTTPError: return (refusal(error, request), nil)
    default:
      let problem = ProblemError(.internalError, detail: "the server failed; the operator has been told")
      return (problem, "unexpected: \(error)")
    }
  }

  private func refusal(_ error: HTTPError, _ request: Request) -> ProblemError {
    let path = request.uri.path
    switch error.status.code {
    case 404:
      let methods = routes.methods(at: path)
      guard !methods.isEmpty else {
        return ProblemError(.notFound, detail: "there is nothing at \(quoted(path))")
      }
      return ProblemError(
        .methodNotAllowed,
        detail: "\(quoted(path)) takes \(methods.joined(separator: ", ")), not \(request.method.rawValue)",
        members: ["method": .text(request.method.rawValue)])
    case 413:
      return ProblemError(.tooLarge, detail: "the request's body is larger than this resource takes")
    default:
      return ProblemError(.badRequest, detail: error.body ?? "the request cannot be understood")
    }
  }

  static func document(_ problem: ProblemError, requestID: String) -> Response {
    var headers: HTTPFields = [.contentType: ProblemDocument.mediaType, .cacheControl: "no-store"]
    if [429, 503].contains(problem.problem.status) { headers[.retryAfter] = "1" }
    if problem.problem == .rangeNotSatisfiable, case .integer(let size)? = problem.members["size"] {
      headers[.contentRange] = "bytes */\(size)"
    }
    let body = ProblemDocument(problem, requestID: requestID).json
    return Response(
      status: .init(code: problem.problem.status), headers: headers,
      body: .init(byteBuffer: ByteBuffer(bytes: body)))
  }
}
