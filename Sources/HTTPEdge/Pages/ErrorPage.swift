import HTTPTypes
import Hummingbird
import NIOCore
import Vocabulary

/// A problem as a page, for requests below `/ui`.
package func errorPage(_ problem: ProblemError, requestID: String) -> Response {
  let status = HTTPResponse.Status(code: problem.problem.status)
  guard case .success(let templates) = PageTemplates.embedded else {
    // PageRoutes does not start without templates, so nobody sees this; an error page must not fail.
    return Response(
      status: status, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
      body: .init(byteBuffer: ByteBuffer(string: problem.detail)))
  }
  var response = Response.page(
    errorPageHTML(templates, problem, requestID: requestID), status: status)
  if problem.problem.status == 503 { response.headers[.retryAfter] = "1" }
  return response
}

/// The HTML of a problem's page.
package func errorPageHTML(
  _ templates: PageTemplates, _ problem: ProblemError, requestID: String
) -> String {
  templates.html(
    "error", title: problem.problem.title, section: .none,
    view: [
      "statusCode": problem.problem.status, "problemCode": problem.problem.code,
      "problemTitle": problem.problem.title, "detail": problem.detail.capitalizedFirst,
      "isRetryable": problem.problem.retryable && problem.problem != .pushIncomplete, "requestID": requestID,
    ])
}
