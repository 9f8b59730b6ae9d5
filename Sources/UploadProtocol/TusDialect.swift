import HTTPTypes
import Vocabulary

/// tus 1.0.0 with the extensions it names in `Tus-Extension`: HTTP heads to intents, outcomes to HTTP heads.
package struct TusDialect: UploadDialect {
  package static let version = "1.0.0"
  package static let contentType = "application/offset+octet-stream"
  package static let extensions = [
    "creation", "creation-with-upload", "creation-defer-length", "expiration", "checksum", "termination",
  ]

  package let options: DialectOptions

  package init(options: DialectOptions = DialectOptions()) { self.options = options }

  /// What the request wants.
  ///
  /// - Throws: `ProblemError` for a request that makes no sense; render it as `.refused` without a view.
  package func interpret(_ head: UploadRequestHead) throws(ProblemError) -> UploadIntent {
    let method = try head.effectiveMethod()
    guard !head.isAmbiguouslyFramed else {
      throw badHeader(.contentLength, "and Transfer-Encoding contradict each other")
    }
    if method == .options { return .discover }
    try checkVersion(of: head, method: method)
    switch (head.route, method) {
    case (.collection, .post): return .create(try creation(head))
    case (.upload(let id), .head): return .inspect(id)
    case (.upload(let id), .patch): return .append(id, try append(head))
    case (.upload(let id), .delete): return .terminate(id)
    case (.collection, _), (.upload, _):
      throw ProblemError(
        .methodNotAllowed, detail: "\(quoted(head.path)) does not take \(method.rawValue)",
        members: ["method": .text(method.rawValue)])
    case (.view, _), (.nothing, _), (.outside, _):
      throw ProblemError(.notFound, detail: "\(quoted(head.path)) names no upload")
    }
  }

  /// HEAD may lack the field, so that a browser or `curl -I` can look; nobody may state another version.
  private func checkVersion(of head: UploadRequestHead, method: HTTPRequest.Method) throws(ProblemError) {
    let flaw: String
    switch head.headerFields.single(.tusResumable) {
    case .value(Self.version): return
    case .absent where ![.post, .patch, .delete].contains(method): return
    case .absent: flaw = "is missing"
    case .malformed(let reason): flaw = reason
    case .value(let other): flaw = "\(quoted(other)) is not supported"
    }
    throw ProblemError(
      .unsupportedVersion, detail: "Tus-Resumable \(flaw); send Tus-Resumable: \(Self.version)",
      members: ["field": .text(HTTPField.Name.tusResumable.rawName)])
  }
}
