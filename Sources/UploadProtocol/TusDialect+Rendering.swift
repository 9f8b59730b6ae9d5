import HTTPTypes
import Vocabulary

extension TusDialect {
  package func render(
    _ outcome: UploadOutcome, for request: UploadRequestHead, in context: ResponseContext
  ) -> UploadResponse {
    let requestID = context.requestID
    var fields: HTTPFields = [
      .tusResumable: Self.version, .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
      .referrerPolicy: "no-referrer", .requestID: requestID,
    ]
    let status: HTTPResponse.Status
    var body = [UInt8]()
    switch outcome {
    case .discovered:
      status = options.discoveryStatus
      addCapabilities(to: &fields)
    case .created(let view, let receivedContent):
      status = .created
      fields[.location] = context.location(view.id)
      if receivedContent || view.offset > 0 || request.headerFields.mediaType == .value(Self.contentType) {
        fields[.uploadOffset] = String(view.offset)
      }
      addProspects(of: view, to: &fields)
    case .inspected(let view):
      status = .ok
      addDescription(of: view, to: &fields)
    case .appended(let view):
      status = .noContent
      fields[.uploadOffset] = String(view.offset)
      addProspects(of: view, to: &fields)
    case .terminated:
      status = .noContent
    case .refused(let error, let view):
      status = Self.status(of: error.problem)
      addReason(of: error, for: request, to: &fields)
      if let view, view.state.isOpen || view.state.isFinished {
        fields[.uploadOffset] = String(view.offset)
        fields[.uploadExpires] = view.expiresAt?.httpDate
      }
      if request.method != .head {
        fields[.contentType] = ProblemDocument.mediaType
        body = ProblemDocument(error, requestID: requestID, instance: request.instance).json
      }
    }
    // A method override still has the framing of the POST it came as, hence the method on the wire.
    if status != .noContent, request.method != .head { fields[.contentLength] = String(body.count) }
    return UploadResponse(head: HTTPResponse(status: status, headerFields: fields), body: body)
  }

  private func addCapabilities(to fields: inout HTTPFields) {
    fields[.tusVersion] = Self.version
    fields[.tusExtension] = Self.extensions.joined(separator: ",")
    fields[.tusChecksumAlgorithm] = UploadChecksumParser.supported
    fields[.tusMaxSize] = options.maximumSizeBytes.map { String($0) }
  }

  private func addDescription(of view: UploadView, to fields: inout HTTPFields) {
    fields[.uploadOffset] = String(view.offset)
    if let length = view.length {
      fields[.uploadLength] = String(length)
    } else {
      fields[.uploadDeferLength] = "1"
    }
    fields[.uploadMetadata] = view.metadata.raw
    fields[.uploadState] = view.state.rawValue
    addProspects(of: view, to: &fields)
  }

  /// Until when an unfinished upload stays, or what a verified one is.
  private func addProspects(of view: UploadView, to fields: inout HTTPFields) {
    fields[.uploadExpires] = view.expiresAt?.httpDate
    fields[.uploadDigest] = view.digest?.reprDigest
  }

  private func addReason(of error: ProblemError, for request: UploadRequestHead, to fields: inout HTTPFields)
  {
    fields[.uploadError] = error.problem.code
    switch error.problem {
    case .unsupportedVersion: fields[.tusVersion] = Self.version
    case .unsupportedChecksum: fields[.tusChecksumAlgorithm] = UploadChecksumParser.supported
    case .tooLarge: fields[.tusMaxSize] = options.maximumSizeBytes.map { String($0) }
    case .methodNotAllowed: fields[.allow] = request.route.allowedMethods
    default: break
    }
    if [429, 503].contains(error.problem.status) {
      guard case .integer(let seconds) = error.members["retry-after"] else {
        fields[.retryAfter] = String(options.retryAfterSeconds)
        return
      }
      fields[.retryAfter] = String(seconds)
    }
  }

  private static func status(of problem: Problem) -> HTTPResponse.Status {
    // HTTP has no phrase for 460; this one is from the tus checksum extension.
    HTTPResponse.Status(
      code: problem.status, reasonPhrase: problem == .checksumMismatch ? "Checksum Mismatch" : "")
  }
}

extension UploadRoute {
  fileprivate var allowedMethods: String {
    switch self {
    case .collection: "OPTIONS, POST"
    case .upload: "OPTIONS, GET, HEAD, PATCH, DELETE"
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
