import HTTPTypes
import Hummingbird
import NIOCore
import Platform

/// `/api/v1/openapi.json`: the API's description (OpenAPI 3.1), which a test compares with the routes.
package struct OpenAPIRoutes: Sendable {
  /// The document as UTF-8 JSON.
  package static var document: [UInt8] { PackageResources.openapi_json }

  package init() {}

  package func add(to router: Router<GatewayContext>) {
    let tag = EntityTag(SHA256Stream.digest(of: Self.document))
    let content = ByteBuffer(bytes: Self.document)
    router.get("/api/v1/openapi.json") { request, _ in
      var headers: HTTPFields = [.eTag: tag.text, .cacheControl: "no-cache"]
      if tag.isNamed(inIfNoneMatch: request.headers[.ifNoneMatch]) {
        return Response(status: .notModified, headers: headers)
      }
      headers[.contentType] = "application/json"
      return Response(status: .ok, headers: headers, body: .init(byteBuffer: content))
    }
  }
}
