import HTTPTypes
import Vocabulary

/// tus 1.0.0 with the extensions it names in `Tus-Extension`: HTTP heads to intents, outcomes to HTTP heads.
package struct TusDialect: UploadDialect {
  package static let version = "1.0.0"
  package static let contentType = "application/offset+octet-stream"
  package static let extensions = [
    "creation", "creation-with-upload", "creation-defer-length", "expiration", "checksum", "checksum-trailer",
    "termination", "concatenation", "concatenation-unfinished",
  ]

  package let options: DialectOptions

  package init(options: DialectOptions = DialectOptions()) { self.options = options }

  /// What the request wants.
  ///
  /// - Throws: `ProblemError` for a request that makes no sense; render it as `.refused` without a view.
  package func interpret(_ head: UploadRequestHead) throws(ProblemError) -> UploadIntent {
    let method = try head.checkedMethod()
    if method == .options { return .discover }
    try checkVersion(of: head, method: method)
    switch (head.route, method) {
    case (.collection, .post): return .create(try creation(head))
    case (.upload(let id), .head): return .inspect(id)
    case (.upload(let id), .patch): return .append(id, try append(head))
    case (.upload(let id), .delete): return .terminate(id)
    default: throw head.unsupported(method)
    }
  }

  /// The checksum in the trailer `Upload-Checksum` (T-54); `nil` when none was announced.
  ///
  /// - Throws: `ProblemError`: `bad-header`, or `unsupported-checksum` for another algorithm.
  package func trailingChecksum(
    in trailers: HTTPFields, of request: UploadRequestHead
  ) throws(ProblemError) -> Checksum? {
    guard request.headerFields.announcesTrailer(.uploadChecksum) else { return nil }
    guard let trailing = try checksum(trailers) else {
      throw badHeader(.uploadChecksum, "is missing although Trailer announces it")
    }
    if let stated = try checksum(request.headerFields), stated != trailing {
      throw badHeader(.uploadChecksum, "of the trailer differs from that of the head")
    }
    return trailing
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
