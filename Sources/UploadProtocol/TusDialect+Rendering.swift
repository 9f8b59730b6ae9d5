import HTTPTypes
import Vocabulary

extension TusDialect {
  package func render(
    _ outcome: UploadOutcome, for request: UploadRequestHead, in context: ResponseContext
  ) -> UploadResponse {
    var draft = ResponseDraft(for: request, in: context, options)
    draft.fields[.tusResumable] = Self.version
    switch outcome {
    case .discovered:
      draft.addCapabilities()
      draft.addLimits(of: nil, lifetimeKey: DraftVersion.final.lifetimeKey)
    case .created(let view, let receivedContent):
      draft.status = .created
      draft.fields[.location] = context.location(view.id)
      if receivedContent || view.offset > 0 || request.headerFields.mediaType == .value(Self.contentType) {
        draft.fields[.uploadOffset] = view.tusOffset
      }
      draft.addProspects(of: view)
    case .inspected(let view):
      draft.status = .ok
      draft.fields[.uploadOffset] = view.tusOffset
      draft.addTusLength(of: view)
      draft.addDescription(of: view)
      draft.addProspects(of: view)
    case .appended(let view):
      draft.status = .noContent
      draft.fields[.uploadOffset] = view.tusOffset
      draft.addProspects(of: view)
    case .terminated:
      draft.status = .noContent
    case .refused(let error, let view):
      // Clients of tus give up at any 4xx but 409 and 423, and the rest of a slow body is worth another request.
      draft.refuse(error, view: view, status: error.problem == .tooSlow ? 500 : nil)
      if let view, view.state.isOpen || view.state.isFinished { draft.fields[.uploadOffset] = view.tusOffset }
      switch error.problem {
      case .unsupportedVersion: draft.fields[.tusVersion] = Self.version
      case .unsupportedChecksum: draft.fields[.tusChecksumAlgorithm] = UploadChecksumParser.supported
      default: break
      }
    }
    return draft.response()
  }
}

extension ResponseDraft {
  /// `Upload-Length`, or that it is still unknown (T-7, T-21).
  mutating func addTusLength(of view: UploadView) {
    if let length = view.length {
      fields[.uploadLength] = String(length)
    } else if !view.isAssembling {
      fields[.uploadDeferLength] = "1"
    }
  }
}

extension UploadView {
  /// `nil` while the offset says nothing: a final upload has none before its parts are together (T-73).
  var tusOffset: String? { isAssembling ? nil : String(offset) }
}
