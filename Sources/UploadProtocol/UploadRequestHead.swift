import HTTPTypes
import Vocabulary

/// The head of a request as it came: all that decides what the request wants.
package struct UploadRequestHead: Sendable, Equatable {
  /// The method on the wire; see `effectiveMethod()`.
  package var method: HTTPRequest.Method
  /// The request target as it came, undecoded, with its query.
  package var path: String
  package var headerFields: HTTPFields
  /// The `Host` of HTTP/1.1, the `:authority` of HTTP/2; `nil` when there is none that can be trusted.
  package var authority: String?
  /// True when bytes may follow the head: a Transfer-Encoding, a Content-Length above 0, or an HTTP/2 stream
  /// that is still open.
  package var hasBody: Bool

  package init(
    method: HTTPRequest.Method, path: String, headerFields: HTTPFields = [:], authority: String? = nil,
    hasBody: Bool = false
  ) {
    self.method = method
    self.path = path
    self.headerFields = headerFields
    self.authority = authority
    self.hasBody = hasBody
  }

  package var route: UploadRoute { UploadRoute(path: path) }

  /// The method to obey: that of `X-HTTP-Method-Override`, if there is one; OPTIONS cannot be overridden.
  ///
  /// Everything that depends on the method (routing, access, limits, metrics) must ask here, or an override
  /// gets around it.
  ///
  /// - Throws: `ProblemError` with `bad-header` for an override by anything but PATCH, DELETE or HEAD.
  package func effectiveMethod() throws(ProblemError) -> HTTPRequest.Method {
    guard method != .options, let name = try headerFields.single(.methodOverride).optional(.methodOverride)
    else { return method }
    let allowed: [HTTPRequest.Method] = [.patch, .delete, .head]
    guard let override = allowed.first(where: { $0.rawValue == name }) else {
      throw badHeader(.methodOverride, "\(quoted(name)) is not one of PATCH, DELETE and HEAD")
    }
    return override
  }

  /// The method to obey, of a request whose end is certain.
  ///
  /// - Throws: `ProblemError` with `bad-header` for a bad override or for contradictory framing.
  func checkedMethod() throws(ProblemError) -> HTTPRequest.Method {
    let method = try effectiveMethod()
    guard !isAmbiguouslyFramed else {
      throw badHeader(.contentLength, "and Transfer-Encoding contradict each other")
    }
    return method
  }

  /// Why no dialect takes the method on this path.
  func unsupported(_ method: HTTPRequest.Method) -> ProblemError {
    switch route {
    case .collection, .upload:
      ProblemError(
        .methodNotAllowed, detail: "\(quoted(path)) does not take \(method.rawValue)",
        members: ["method": .text(method.rawValue)])
    case .named, .batch, .view, .nothing, .outside:
      ProblemError(.notFound, detail: "\(quoted(path)) names no upload")
    }
  }

  /// True when the request makes a new upload, if it does anything.
  var creates: Bool {
    guard let method = try? effectiveMethod(), [.post, .put].contains(method) else { return false }
    if case .upload = route { return false }
    return true
  }

  /// True when the head states the length of its body in two ways, as in request smuggling.
  ///
  /// The connection must be closed after the refusal: where the next request begins is not known.
  package var isAmbiguouslyFramed: Bool {
    headerFields.contains(.contentLength) && headerFields.contains(.transferEncoding)
  }

  /// Bytes of the body, `nil` when it ends when it ends.
  ///
  /// - Throws: `ProblemError` with `bad-header` when `Content-Length` is malformed.
  package func contentLength() throws(ProblemError) -> Int64? {
    try headerFields.integer(.contentLength).optional(.contentLength) ?? (hasBody ? nil : 0)
  }
}
