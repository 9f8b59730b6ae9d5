import HTTPTypes

/// Which dialect of uploads a request speaks. First match: a mark of tus, a mark of the IETF's drafts, the habits of
/// either, a plain upload.
package enum DialectChoice: Sendable, Equatable {
  case tus
  case ietf(DraftVersion)
  case plain

  /// `nil` when the request is for a plain route: outside of the base path, a view of an upload, its download, or many
  /// files in one request.
  ///
  /// All else below the base path is answered by a dialect, also when it makes no sense: a client takes an error
  /// without its protocol's fields for a server of another kind.
  package init?(_ head: UploadRequestHead) {
    if head.method == .options {
      guard head.route != .outside || head.path == "*" else { return nil }
      self = Self.marked(head) ?? .tus
      return
    }
    // A bad override is answered by whatever dialect; each refuses it first.
    let method = (try? head.effectiveMethod()) ?? head.method
    switch (head.route, method) {
    case (.outside, _), (.view, _), (.batch, _), (.upload, .get): return nil
    case (.collection, .post) where head.isForm && Self.marked(head) == nil: return nil
    default: self = Self.marked(head) ?? Self.unmarked(head, method)
    }
  }

  /// The codec that was chosen.
  package func dialect(_ options: DialectOptions) -> any UploadDialect {
    switch self {
    case .tus: TusDialect(options: options)
    case .ietf(let version): IETFDialect(version: version, options: options)
    case .plain: PlainDialect(options: options)
    }
  }

  /// By what the request says of itself; tus goes first, because libraries add the drafts' fields on their own.
  private static func marked(_ head: UploadRequestHead) -> Self? {
    let fields = head.headerFields
    if fields.contains(.tusResumable) { return .tus }
    if case .value(let number) = fields.structuredInteger(.uploadDraftInteropVersion),
      let version = DraftVersion(interopVersion: number)
    {
      return .ietf(version)
    }
    if fields.contains(.uploadComplete) { return .ietf(.final) }
    if fields.contains(.uploadIncomplete) { return .ietf(.unnumberedThree) }
    if fields.mediaType == .value(DraftVersion.partialUpload) { return .ietf(.final) }
    return nil
  }

  /// By the habits of clients. The final specification has no mark on HEAD and DELETE, so these are answered to it and
  /// to tus alike; on PATCH it has one, so a PATCH without is tus that forgot its own.
  private static func unmarked(_ head: UploadRequestHead, _ method: HTTPRequest.Method) -> Self {
    switch method {
    case .head, .delete: .ietf(.unmarked)
    case .patch: .tus
    case .post where head.isTusCreation: .tus
    default: .plain
    }
  }
}

extension UploadRequestHead {
  fileprivate var isForm: Bool { headerFields.mediaType == .value("multipart/form-data") }

  /// True for a POST as only a client of tus sends it: with fields of its own, or with no content at all.
  fileprivate var isTusCreation: Bool {
    let ofTus: [HTTPField.Name] = [.uploadLength, .uploadDeferLength, .uploadConcat, .uploadChecksum]
    if ofTus.contains(where: headerFields.contains) { return true }
    if headerFields.mediaType == .value(TusDialect.contentType) { return true }
    if headerFields.contains(.uploadMetadata) && !headerFields.contains(.contentType) { return true }
    return !hasBody && !headerFields.contains(.contentLength) && !headerFields.contains(.transferEncoding)
  }
}
