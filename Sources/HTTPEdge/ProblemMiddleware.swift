import Blobs
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Platform
import UploadProtocol
import Vocabulary

/// The last word on every routed response: any error becomes a problem document (or a page, below `/ui`), and every
/// response carries its request id and the security headers.
struct ProblemMiddleware: RouterMiddleware {
  let entropy: any Entropy
  let address: PublicAddress
  let report: @Sendable (String) -> Void

  func handle(
    _ request: Request, context: GatewayContext,
    next: (Request, GatewayContext) async throws -> Response
  ) async throws -> Response {
    let requestID = RequestID.make(request.headers, entropy: entropy)
    var response: Response
    do {
      if let flaw = RequestOrigin.flaw(
        of: request.head, address: address, peer: context.peer)
      {
        throw flaw
      }
      response = try await next(request, context)
    } catch {
      let problem = self.problem(for: error, request)
      response =
        request.uri.path.hasPrefix("/ui")
        ? errorPage(problem, requestID: requestID) : Self.document(problem, requestID: requestID)
    }
    response.headers[.requestID] = requestID
    response.headers[.xContentTypeOptions] = "nosniff"
    // Not "no-referrer": a browser then sends its own forms with the origin "null", which is nobody's.
    response.headers[.referrerPolicy] = "same-origin"
    if response.headers[.contentSecurityPolicy] == nil {
      response.headers[.contentSecurityPolicy] =
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    }
    return response
  }

  private func problem(for error: any Error, _ request: Request) -> ProblemError {
    switch error {
    case let error as ProblemError: return error
    case let error as BlobError:
      report(error.description)
      return error.problem
    case let error as HTTPError:
      switch error.status.code {
      case 404: return ProblemError(.notFound, detail: "there is nothing at \(quoted(request.uri.path))")
      case 405:
        return ProblemError(
          .methodNotAllowed, detail: "\(request.method.rawValue) is not for \(quoted(request.uri.path))")
      case 413:
        return ProblemError(.tooLarge, detail: "the request's body is larger than this resource takes")
      default: return ProblemError(.badRequest, detail: error.body ?? "the request cannot be understood")
      }
    default:
      report("unexpected: \(request.method.rawValue) \(quoted(request.uri.path)): \(error)")
      return ProblemError(.internalError, detail: "the server failed; the operator has been told")
    }
  }

  static func document(_ problem: ProblemError, requestID: String) -> Response {
    var headers: HTTPFields = [.contentType: "application/problem+json", .cacheControl: "no-store"]
    if problem.problem.status == 503 { headers[.retryAfter] = "1" }
    if problem.problem == .rangeNotSatisfiable, case .integer(let size)? = problem.members["size"] {
      headers[.contentRange] = "bytes */\(size)"
    }
    let body = ProblemDocument(problem, requestID: requestID).json
    return Response(
      status: .init(code: problem.problem.status), headers: headers,
      body: .init(byteBuffer: ByteBuffer(bytes: body)))
  }
}
