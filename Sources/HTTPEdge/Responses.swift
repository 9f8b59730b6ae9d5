import HTTPTypes
import Hummingbird
import NIOCore
import Vocabulary

extension Response {
  /// A JSON answer; `Cache-Control: no-store`, as everything here changes.
  package static func json(
    _ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
  ) -> Response {
    var headers = headers
    headers[.contentType] = "application/json"
    headers[.cacheControl] = "no-store"
    return Response(
      status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: value.encoded + "\n")))
  }

  /// A page of a list.
  package static func list(_ items: [JSONValue], next: String?) -> Response {
    .json(["items": .array(items), "next": .text(next)])
  }
}

/// `?limit=` and `?cursor=` of a list request.
package struct PageRequest: Sendable {
  package static let maximumLimit = 1000
  package let limit: Int
  package let cursor: String?

  /// - Throws: `ProblemError` with `bad-request` naming the parameter.
  package init(_ request: Request) throws(ProblemError) {
    let parameters = request.uri.queryParameters
    if let text = parameters["limit"] {
      guard let value = Int(text), (1...Self.maximumLimit).contains(value) else {
        throw ProblemError(
          .badRequest, detail: "limit \(quoted(String(text))) is not a number from 1 to \(Self.maximumLimit)",
          members: ["field": .text("limit")])
      }
      limit = value
    } else {
      limit = 100
    }
    cursor = parameters["cursor"].map(String.init)
  }

  package static func badCursor() -> ProblemError {
    ProblemError(
      .badRequest, detail: "the cursor does not belong to this list", members: ["field": .text("cursor")])
  }
}
