import HTTPTypes
import Vocabulary

/// "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload): HTTP heads to intents, outcomes to HTTP heads.
///
/// One codec for every version; `DraftVersion` has the differences.
package struct IETFDialect: UploadDialect {
  package let version: DraftVersion
  package let options: DialectOptions

  package init(version: DraftVersion = .final, options: DialectOptions = DialectOptions()) {
    self.version = version
    self.options = options
  }

  /// No version means no interim responses, until the number 104 is the final specification's.
  package var sendsInterim: Bool { version.interopVersion != nil || options.sendsInterimToFinal }

  /// What the request wants.
  ///
  /// - Throws: `ProblemError` for a request that makes no sense; render it as `.refused` without a view.
  package func interpret(_ head: UploadRequestHead) throws(ProblemError) -> UploadIntent {
    let method = try head.checkedMethod()
    switch (head.route, method) {
    case (_, .options): return .discover
    case (.collection, .post), (.collection, .put), (.named, .put): return .create(try creation(head))
    case (.upload(let id), .head):
      try checkFieldsOfAppend(head.headerFields)
      return .inspect(id, completes: false)
    case (.upload(let id), .patch): return .append(id, try append(head))
    case (.upload(let id), .delete):
      try checkFieldsOfAppend(head.headerFields)
      return .terminate(id)
    default: throw head.unsupported(method)
    }
  }

  /// The digest in the trailer `Content-Digest`; `nil` when none was announced.
  ///
  /// - Throws: `ProblemError` with `bad-header`.
  package func trailingChecksum(
    in trailers: HTTPFields, of request: UploadRequestHead
  ) throws(ProblemError) -> Checksum? {
    guard request.headerFields.announcesTrailer(.contentDigest) else { return nil }
    guard trailers.contains(.contentDigest) else {
      throw badHeader(.contentDigest, "is missing although Trailer announces it")
    }
    return try confirmed(
      try ContentChecksParser.digests(.contentDigest, in: trailers), of: .contentDigest,
      stated: try ContentChecksParser.digests(.contentDigest, in: request.headerFields))
  }

  private func checkFieldsOfAppend(_ fields: HTTPFields) throws(ProblemError) {
    guard version.refusesFieldsOfAppend else { return }
    for name in [HTTPField.Name.uploadOffset, version.completenessField] where fields.contains(name) {
      throw badHeader(name, "does not belong on this method")
    }
  }
}
