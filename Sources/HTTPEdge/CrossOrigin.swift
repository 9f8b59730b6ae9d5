import GatewayConfiguration
import HTTPTypes
import UploadProtocol
import Vocabulary

/// The cross-origin rules of this server (https://fetch.spec.whatwg.org/#http-cors-protocol): which sites' pages may
/// use it from a browser, and what browsers are told. Pure.
package struct CrossOrigin: Sendable {
  /// Only pages of this server itself.
  package static let sameOriginOnly = CrossOrigin(allowed: .listed([]), allowsCredentials: false)

  private let allowed: AllowedOrigins
  private let allowsCredentials: Bool

  /// Credentials go with listed origins only, whatever `allowsCredentials` says beside `*`.
  package init(allowed: AllowedOrigins, allowsCredentials: Bool) {
    self.allowed = allowed
    self.allowsCredentials = allowsCredentials && allowed != .all
  }

  /// The origin of the page that sent the request, if that is another site's which may use this resource.
  ///
  /// Pages under `/ui` are for this server's own origin alone.
  package func allowedOrigin(of request: HTTPRequest) -> String? {
    let origins = request.headerFields[values: .origin]
    guard origins.count == 1, allowed.contains(origins[0]), Self.isShared(request.path ?? "") else {
      return nil
    }
    return origins[0]
  }

  /// True for a browser's question whether it may send a request of another origin.
  ///
  /// Answered without authentication, as browsers send none with it (fetch, "CORS-preflight fetch").
  package static func isPreflight(_ request: HTTPRequest) -> Bool {
    request.method == .options && request.headerFields.contains(.origin)
      && request.headerFields.contains(.accessControlRequestMethod)
      && !request.headerFields.contains(.methodOverride)
  }

  /// The fields of the 204 that answers a preflight.
  ///
  /// - Throws: `ProblemError` with `forbidden-origin`; the refusal must carry no field of `fields(for:)`, and has none.
  package func preflight(_ request: HTTPRequest) throws(ProblemError) -> HTTPFields {
    guard let origin = allowedOrigin(of: request) else {
      throw ProblemError(
        .forbiddenOrigin,
        detail: "pages of \(quoted(request.headerFields[.origin] ?? "")) may not use this resource")
    }
    var fields = allowance(origin)
    fields[.accessControlAllowMethods] = CrossOriginLists.methods.joined(separator: ", ")
    fields[.accessControlAllowHeaders] = CrossOriginLists.requestFields.joined(separator: ", ")
    fields[.accessControlMaxAge] = String(CrossOriginLists.maximumAgeSeconds)
    // https://wicg.github.io/private-network-access/: a public page that asks for a server of the local network.
    if request.headerFields[.accessControlRequestPrivateNetwork] == "true" {
      fields[.accessControlAllowPrivateNetwork] = "true"
    }
    return fields
  }

  /// Adds what a browser needs to show the response, whatever it is, to a page of an allowed origin.
  ///
  /// Where other origins are allowed at all, `Vary` says so in every response, or a cache could hand one origin's to
  /// another.
  package func add(to fields: inout HTTPFields, for request: HTTPRequest) {
    guard allowed != .listed([]), Self.isShared(request.path ?? "") else { return }
    let varying = fields[values: .vary].filter { !$0.lowercased().contains("origin") }
    fields[.vary] = (varying + ["Origin"]).joined(separator: ", ")
    guard !Self.isPreflight(request), let origin = allowedOrigin(of: request) else { return }
    for field in allowance(origin) where field.name != .vary { fields[field.name] = field.value }
    fields[.accessControlExposeHeaders] = CrossOriginLists.responseFields.joined(separator: ", ")
  }

  private func allowance(_ origin: String) -> HTTPFields {
    var fields: HTTPFields = [.accessControlAllowOrigin: origin, .vary: "Origin"]
    if allowsCredentials { fields[.accessControlAllowCredentials] = "true" }
    return fields
  }

  /// What other sites may use: uploads, the API, the client's modules, and what problem types lead to.
  private static func isShared(_ path: String) -> Bool {
    let path = path.prefix { $0 != "?" && $0 != "#" }
    return ["/files", "/api/v1", "/client", "/problems"].contains { root in
      path.utf8.starts(with: root.utf8)
        && (path.utf8.count == root.utf8.count || path.utf8.dropFirst(root.utf8.count).first == slash)
    }
  }
  private static let slash = UInt8(ascii: "/")
}

extension HTTPField.Name {
  static let accessControlRequestPrivateNetwork = Self("Access-Control-Request-Private-Network")!
  static let accessControlAllowPrivateNetwork = Self("Access-Control-Allow-Private-Network")!
}
