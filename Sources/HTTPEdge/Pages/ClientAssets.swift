import HTTPTypes
import Hummingbird
import NIOCore
import Platform
import Vocabulary

/// What browsers load beside the pages: the style sheet, the icon, and the modules of the browser client.
package struct ClientAssets: Sendable {
  package struct Asset: Sendable {
    package let path: String
    package let contentType: String
    package let bytes: [UInt8]
  }

  /// Everything that is served. The modules are `js/src/*.js`, which Assets links to.
  package static var all: [Asset] {
    [
      Asset(
        path: "/assets/sheaf.css", contentType: "text/css; charset=utf-8", bytes: PackageResources.sheaf_css),
      Asset(path: "/assets/favicon.svg", contentType: "image/svg+xml", bytes: PackageResources.favicon_svg),
    ]
      + modules.map {
        Asset(path: "/client/\($0).js", contentType: "text/javascript; charset=utf-8", bytes: $1)
      }
  }

  private static var modules: [(String, [UInt8])] {
    [
      ("batch", PackageResources.batch_js), ("changed", PackageResources.changed_js),
      ("folder", PackageResources.folder_js),
      ("machine", PackageResources.machine_js), ("memory", PackageResources.memory_js),
      ("meter", PackageResources.meter_js), ("page-live", PackageResources.page_live_js),
      ("page-text", PackageResources.page_text_js), ("page-upload", PackageResources.page_upload_js),
      ("known", PackageResources.known_js), ("push", PackageResources.push_js),
      ("sheaf", PackageResources.sheaf_js), ("transport", PackageResources.transport_js),
      ("upload", PackageResources.upload_js),
    ]
  }

  func add(to router: Router<GatewayContext>) {
    for asset in Self.all {
      let tag = EntityTag(SHA256Stream.digest(of: asset.bytes))
      let body = ByteBuffer(bytes: asset.bytes)
      let answer: @Sendable (Request, GatewayContext) -> Response = { request, _ in
        // Kept by the browser, but asked for again, so that modules of two versions never meet.
        var headers: HTTPFields = [.eTag: tag.text, .cacheControl: "no-cache"]
        if tag.isNamed(inIfNoneMatch: request.headers[.ifNoneMatch]) {
          return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = asset.contentType
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: body))
      }
      router.get(RouterPath(asset.path), use: answer)
      router.head(RouterPath(asset.path)) { answer($0, $1).createHeadResponse() }
    }
  }
}
