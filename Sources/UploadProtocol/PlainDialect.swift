import HTTPTypes
import Vocabulary

/// Uploads by clients that know of no protocol: POST or PUT with the file as the body, as `curl -T` sends it.
///
/// What such an upload became is told as to a client of the final specification, so that whoever cares can resume it.
package struct PlainDialect: UploadDialect {
  package let options: DialectOptions
  private let rendering: IETFDialect

  package init(options: DialectOptions = DialectOptions()) {
    self.options = options
    rendering = IETFDialect(version: .unmarked, options: options)
  }

  /// What the request wants.
  ///
  /// - Throws: `ProblemError` for a request that makes no sense; render it as `.refused` without a view.
  package func interpret(_ head: UploadRequestHead) throws(ProblemError) -> UploadIntent {
    let method = try head.checkedMethod()
    switch (head.route, method) {
    case (_, .options): return .discover
    case (.collection, .post), (.collection, .put), (.named, .put): return .create(try creation(head))
    case (.upload(let id), .put): return .append(id, try append(head))
    case (.nothing, .put):
      throw ProblemError(.badPath, detail: "\(quoted(head.path)) is no path that a file can have")
    default: throw head.unsupported(method)
    }
  }

  package func render(
    _ outcome: UploadOutcome, for request: UploadRequestHead, in context: ResponseContext
  ) -> UploadResponse { rendering.render(Self.honest(outcome), for: request, in: context) }

  /// A client that knows of no protocol takes any 2xx for a file that is stored: an upload that an earlier request has
  /// begun, and that this request's content was not added to, is none.
  private static func honest(_ outcome: UploadOutcome) -> UploadOutcome {
    guard case .created(let view, _) = outcome, view.state.isOpen else { return outcome }
    let error = ProblemError(
      .offsetMismatch,
      detail:
        "upload \(view.id) has \(view.offset) bytes of an earlier request; PUT the rest with Content-Range",
      members: ["expected-offset": .integer(view.offset), "provided-offset": .integer(0)])
    return .refused(error, view: view)
  }

  package func trailingChecksum(
    in trailers: HTTPFields, of request: UploadRequestHead
  ) throws(ProblemError) -> Checksum? { try rendering.trailingChecksum(in: trailers, of: request) }

  private func creation(_ head: UploadRequestHead) throws(ProblemError) -> CreateIntent {
    let fields = head.headerFields
    // Taken for the whole file, a part of one would pass for complete (RFC 9110 §14.5).
    guard !fields.contains(.contentRange) else {
      throw badHeader(.contentRange, "is only for the URL of an upload, which Location told")
    }
    let length = try head.contentLength()
    try options.checkSize(length, of: .contentLength)
    return CreateIntent(
      length: length, metadata: try RequestMetadata.read(head), hasContent: true, contentLength: length,
      checks: try ContentChecksParser.checks(of: fields, isCreation: true), completion: .withRequest,
      idempotencyKey: try fields.idempotencyKey())
  }

  private func append(_ head: UploadRequestHead) throws(ProblemError) -> AppendIntent {
    let fields = head.headerFields
    guard let text = try fields.single(.contentRange).optional(.contentRange) else {
      return try whole(head)
    }
    guard let range = ContentRange(text) else {
      throw badHeader(.contentRange, "\(quoted(text)) is not of the form bytes FIRST-LAST/LENGTH")
    }
    let contentLength = try head.contentLength()
    if let contentLength, contentLength != range.count {
      throw badHeader(
        .contentRange, "\(quoted(text)) is \(range.count) bytes, Content-Length is \(contentLength)")
    }
    try options.checkSize(range.length, of: .contentRange)
    return AppendIntent(
      offset: range.first, length: range.length, contentLength: range.count,
      checks: try ContentChecksParser.checks(of: fields, isCreation: false),
      completion: range.isLast ? .withRequest : .later)
  }

  /// A PUT without a range brings the whole file (RFC 9110 §9.3.4): `curl -C 0` sends none.
  private func whole(_ head: UploadRequestHead) throws(ProblemError) -> AppendIntent {
    let length = try head.contentLength()
    try options.checkSize(length, of: .contentLength)
    return AppendIntent(
      offset: 0, length: length, contentLength: length,
      checks: try ContentChecksParser.checks(of: head.headerFields, isCreation: false),
      completion: .withRequest)
  }
}
