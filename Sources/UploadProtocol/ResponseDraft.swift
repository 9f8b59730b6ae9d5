import HTTPTypes
import Vocabulary

/// A response in the making: what every dialect says in the same way.
struct ResponseDraft {
  var status: HTTPResponse.Status
  var fields: HTTPFields
  var body = [UInt8]()
  let request: UploadRequestHead
  let context: ResponseContext
  let options: DialectOptions

  init(for request: UploadRequestHead, in context: ResponseContext, _ options: DialectOptions) {
    status = .noContent
    fields = [
      .cacheControl: "no-store", .xContentTypeOptions: "nosniff", .referrerPolicy: "no-referrer",
      .requestID: context.requestID,
    ]
    self.request = request
    self.context = context
    self.options = options
  }

  /// What this server can do, in every dialect's words (T-5, T-14, R-41).
  mutating func addCapabilities() {
    status = options.discoveryStatus
    fields[.tusResumable] = TusDialect.version
    fields[.tusVersion] = TusDialect.version
    fields[.tusExtension] = TusDialect.extensions.joined(separator: ",")
    fields[.tusChecksumAlgorithm] = UploadChecksumParser.supported
    fields[.tusMaxSize] = options.maximumSizeBytes.map { String($0) }
    fields[.acceptPatch] = "\(DraftVersion.partialUpload), \(TusDialect.contentType)"
  }

  /// Until when an unfinished upload stays, or what a verified one is.
  mutating func addProspects(of view: UploadView) {
    fields[.uploadExpires] = view.expiresAt?.httpDate
    fields[.uploadDigest] = view.digest?.reprDigest
  }

  /// What only a look at an upload tells.
  mutating func addDescription(of view: UploadView) {
    fields[.uploadMetadata] = view.metadata.raw
    fields[.uploadState] = view.state.rawValue
    fields[.uploadConcat] = view.concatenation.map(UploadConcatParser.render)
  }

  /// Limits as `Upload-Limit` has them; `lifetimeKey` as the version has it.
  mutating func addLimits(of view: UploadView?, lifetimeKey: DraftVersion.LifetimeKey?) {
    guard let lifetimeKey else { return }
    var limits = [String]()
    if let bytes = options.maximumSizeBytes { limits.append("max-size=\(bytes)") }
    if let bytes = options.maximumAppendBytes { limits.append("max-append-size=\(bytes)") }
    if let moment = view?.expiresAt {
      let (left, overflow) = moment.milliseconds.subtractingReportingOverflow(context.now.milliseconds)
      if !overflow {
        limits.append("\(lifetimeKey.rawValue)=\(min(max(left, 0) / 1000, 999_999_999_999_999))")
      }
    }
    fields[.uploadLimit] = limits.isEmpty ? "min-size=0" : limits.joined(separator: ", ")
  }

  /// A refusal: its problem document, and the same code as a field where there is no body for it (E.4).
  mutating func refuse(_ error: ProblemError, view: UploadView?, status code: Int? = nil, type: String? = nil)
  {
    let code = code ?? error.problem.status
    // HTTP has no phrase for 460; this one is from the tus checksum extension.
    status = HTTPResponse.Status(code: code, reasonPhrase: code == 460 ? "Checksum Mismatch" : "")
    fields[.uploadError] = error.problem.code
    if let view, view.state.isOpen || view.state.isFinished {
      fields[.uploadExpires] = view.expiresAt?.httpDate
    }
    if let view, view.state.isOpen, request.creates { fields[.location] = context.location(view.id) }
    if error.problem == .methodNotAllowed { fields[.allow] = request.route.allowedMethods }
    if error.problem == .tooLarge { fields[.tusMaxSize] = options.maximumSizeBytes.map { String($0) } }
    if [429, 503].contains(code) { fields[.retryAfter] = String(retryAfterSeconds(error)) }
    fields[.contentType] = ProblemDocument.mediaType
    body =
      ProblemDocument(
        error, requestID: context.requestID, instance: request.instance, status: code, type: type
      ).json
  }

  /// The response, framed as its status and its method allow.
  func response() -> UploadResponse {
    var draft = self
    // A method override still has the framing of the request it came as, hence the method on the wire.
    if request.method == .head {
      draft.fields[.contentType] = nil
      draft.body = []
    } else if status != .noContent {
      draft.fields[.contentLength] = String(body.count)
    }
    return UploadResponse(
      head: HTTPResponse(status: status, headerFields: draft.fields), body: draft.body)
  }

  private func retryAfterSeconds(_ error: ProblemError) -> Int64 {
    guard case .integer(let seconds) = error.members["retry-after"] else { return options.retryAfterSeconds }
    return seconds
  }
}

extension UploadRoute {
  fileprivate var allowedMethods: String {
    switch self {
    case .collection: "OPTIONS, POST, PUT"
    case .upload: "OPTIONS, GET, HEAD, PATCH, PUT, DELETE"
    case .batch: "OPTIONS, POST"
    case .named: "OPTIONS, PUT"
    case .view, .nothing, .outside: "OPTIONS"
    }
  }
}

extension UploadRequestHead {
  /// The path of the upload asked for; any other path may hold whatever a stranger wrote into a link.
  fileprivate var instance: String? {
    guard case .upload(let id) = route else { return nil }
    return "\(UploadRoute.basePath)/\(id)"
  }
}
