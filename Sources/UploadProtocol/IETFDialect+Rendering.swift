import HTTPTypes
import Vocabulary

extension IETFDialect {
  package func render(
    _ outcome: UploadOutcome, for request: UploadRequestHead, in context: ResponseContext
  ) -> UploadResponse {
    var draft = ResponseDraft(for: request, in: context, options)
    if version.speaksTusToo { draft.fields[.tusResumable] = TusDialect.version }
    switch outcome {
    case .discovered:
      draft.addCapabilities()
      draft.addLimits(of: nil, lifetimeKey: version.lifetimeKey ?? DraftVersion.final.lifetimeKey)
    case .created(let view, _):
      draft.status = .created
      draft.fields[.location] = context.location(view.id)
      add(view, to: &draft)
      if view.isAnswered { addCompletion(of: view, to: &draft) }
    case .inspected(let view):
      draft.status = version.inspectionStatus
      add(view, to: &draft)
      addDescription(of: view, to: &draft)
    case .appended(let view):
      draft.status = version.appendedStatus
      add(view, to: &draft)
      if view.isAnswered { addCompletion(of: view, to: &draft) }
    case .terminated:
      draft.status = .noContent
    case .refused(let error, let view):
      addRefusal(error, view, to: &draft)
    }
    return draft.response()
  }

  /// Tells of the upload's URL first, of its progress later; only clients that name a version are told.
  package func interim(
    _ notice: UploadNotice, for request: UploadRequestHead, in context: ResponseContext
  ) -> HTTPResponse? {
    guard sendsInterim else { return nil }
    var draft = ResponseDraft(for: request, in: context, options)
    draft.fields = [:]
    draft.fields[.uploadDraftInteropVersion] = version.interopVersion.map { String($0) }
    switch notice {
    case .created(let view):
      draft.fields[.location] = context.location(view.id)
      draft.addLimits(of: view, lifetimeKey: version.lifetimeKey)
    case .progressed(_, let offset):
      guard version.tellsProgress else { return nil }
      draft.fields[.uploadOffset] = String(offset)
    }
    return HTTPResponse(
      status: .init(code: 104, reasonPhrase: "Upload Resumption Supported"), headerFields: draft.fields)
  }

  /// How far the upload is and how long it stays.
  private func add(_ view: UploadView, to draft: inout ResponseDraft) {
    draft.fields[.uploadOffset] = view.tusOffset
    draft.fields[version.completenessField] = version.completeness(view.isAnswered)
    draft.addLimits(of: view, lifetimeKey: version.lifetimeKey)
    draft.addProspects(of: view)
  }

  private func addDescription(of view: UploadView, to draft: inout ResponseDraft) {
    if version.hasLength { draft.fields[.uploadLength] = view.length.map { String($0) } }
    if version.speaksTusToo {
      draft.addTusLength(of: view)
      draft.addDescription(of: view)
    } else {
      draft.fields[.uploadState] = view.state.rawValue
    }
  }

  /// The answer of the target resource, the same whichever request brought the last byte.
  private func addCompletion(of view: UploadView, to draft: inout ResponseDraft) {
    draft.status = .created
    draft.fields[.location] = draft.context.location(view.id)
    draft.fields[.reprDigest] = view.digest?.reprDigest
    draft.fields[.contentType] = "application/json"
    draft.body = view.summary
  }

  private func addRefusal(_ error: ProblemError, _ view: UploadView?, to draft: inout ResponseDraft) {
    let error = version.renamed(error, for: draft.request, view)
    draft.refuse(
      error, view: view, status: error.problem == .checksumMismatch ? 400 : nil,
      type: version.type(of: error.problem))
    switch error.problem {
    case .unsupportedMediaType: draft.fields[.acceptPatch] = version.appendMediaType
    case .tooLarge: draft.addLimits(of: view, lifetimeKey: version.lifetimeKey)
    default: break
    }
    guard let view else {
      if draft.request.bringsContent { draft.fields[version.completenessField] = version.completeness(false) }
      return
    }
    draft.fields[version.completenessField] = version.completeness(view.isAnswered)
    if view.state.isOpen || view.state.isFinished { draft.fields[.uploadOffset] = view.tusOffset }
  }
}

extension DraftVersion {
  /// What an append is told of an upload that is complete: that, if the version has a word for it.
  fileprivate func renamed(
    _ error: ProblemError, for request: UploadRequestHead, _ view: UploadView?
  ) -> ProblemError {
    guard namedProblems.contains(.completedUpload), let view, view.state.isFinished, !request.creates,
      [.offsetMismatch, .inconsistentLength, .tooLarge].contains(error.problem)
    else { return error }
    return ProblemError(.completedUpload, detail: "upload \(view.id) is complete: \(error.detail)")
  }

  fileprivate func type(of problem: Problem) -> String? {
    guard problem == .inconsistentLength, namedProblems.contains(problem) else { return nil }
    return "\(ProblemDocument.registry)#inconsistent-upload-length"
  }
}

extension UploadRequestHead {
  /// True for a creation or an append.
  fileprivate var bringsContent: Bool {
    guard let method = try? effectiveMethod() else { return false }
    return [.post, .put, .patch].contains(method)
  }
}

extension UploadView {
  /// True when the final word has been said: all content is there, or no more of it is wanted.
  fileprivate var isAnswered: Bool { state.isFinished || state == .rejected }

  /// The upload in short, as UTF-8 JSON: only what stays as it is, so that a repeated answer is the same.
  fileprivate var summary: [UInt8] {
    let members = [
      ("id", JSONText.string(id.text)), ("offset", String(offset)),
      ("length", length.map { String($0) } ?? "null"),
    ]
    return Array(JSONText.object(members).utf8)
  }
}
