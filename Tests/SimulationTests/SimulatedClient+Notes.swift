import Uploads
import Vocabulary

extension UploadIntent {
  var summary: String {
    switch self {
    case .discover: "discover"
    case .create(let intent):
      "create \(intent.length ?? -1) content=\(intent.hasContent) checked=\(intent.checks != .none)"
        + " \(intent.completion) key=\(intent.idempotencyKey ?? "") parts=\(intent.partCount)"
    case .inspect(let id, _): "inspect \(id)"
    case .append(let id, let intent):
      "append \(id) at \(intent.offset) length=\(intent.length ?? -1) checked=\(intent.checks != .none)"
        + " \(intent.completion)"
    case .terminate(let id): "terminate \(id)"
    }
  }
}

extension UploadOutcome {
  var summary: String {
    switch self {
    case .discovered: "discovered"
    case .created(let view, _): "created \(view.id) \(view.state) \(view.offset)"
    case .inspected(let view): "inspected \(view.state) \(view.offset)"
    case .appended(let view): "appended \(view.state) \(view.offset)"
    case .terminated: "terminated"
    case .refused(let error, let view): "refused \(error.problem) \(view.map { "\($0.offset)" } ?? "")"
    }
  }
}

extension CreateIntent {
  /// -1 of a partial upload.
  fileprivate var partCount: Int {
    switch concatenation {
    case .final(let parts, _): parts.count
    case .partial: -1
    case nil: 0
    }
  }
}
