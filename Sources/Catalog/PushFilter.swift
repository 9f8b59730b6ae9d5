import Vocabulary

/// Which pushes a list shows: those that all conditions hold for.
package struct PushFilter: Sendable, Equatable {
  package static let maximumTextBytes = 256
  /// Pushes looked at for one page, whether they are shown or not.
  package static let maximumExamined = 5000
  /// Pushes read at a time.
  static let batch = 500

  package var status: PushState.Status?
  package var state: PushState?
  package var repo: RepoName?
  package var label: LabelName?
  package var origin: PushRecord.Origin?
  /// The name of the source its files come from.
  package var source: String?
  /// Part of its message or its author, in small or capital letters.
  package var text: String?

  package init(
    status: PushState.Status? = nil, state: PushState? = nil, repo: RepoName? = nil, label: LabelName? = nil,
    origin: PushRecord.Origin? = nil, source: String? = nil, text: String? = nil
  ) {
    self.status = status
    self.state = state
    self.repo = repo
    self.label = label
    self.origin = origin
    self.source = source
    self.text = text
  }

  package var isEmpty: Bool { self == PushFilter() }

  /// The condition that most likely leaves the fewest.
  package var key: PushKey {
    if let source { return .source(source) }
    if let label { return .label(label) }
    if let state, state != .committed { return .state(state) }
    if repo == nil, status == nil, state == nil, let origin { return .origin(origin) }
    return .status(status ?? state?.status, repo: repo)
  }

  package func matches(_ push: PushRecord) -> Bool {
    (status ?? push.state.status) == push.state.status && (state ?? push.state) == push.state
      && (repo ?? push.repo) == push.repo && (label == nil || label == push.label)
      && (origin ?? push.origin) == push.origin && (source == nil || source == push.source?.name)
      && contains(push)
  }

  private func contains(_ push: PushRecord) -> Bool {
    guard let wanted = text?.lowercased(), !wanted.isEmpty else { return true }
    return [push.message, push.author ?? ""].contains { $0.lowercased().contains(wanted) }
  }
}

extension CatalogReader {
  /// The pushes that the filter lets through, newest first, before `id`, at most `limit`.
  ///
  /// No more than `PushFilter.maximumExamined` are looked at. `next` is where to go on: nil when there are no more; not
  /// nil, also with fewer rows than asked for, when there may be.
  package func pushes(
    matching filter: PushFilter, before id: PushID?, limit: Int,
    examining most: Int = PushFilter.maximumExamined
  ) throws -> (rows: [PushRecord], next: PushID?) {
    var rows: [PushRecord] = []
    var position = id
    var examined = 0
    while examined < most {
      let wanted = min(PushFilter.batch, most - examined)
      let page = try pushes(by: filter.key, before: position, limit: wanted)
      for push in page {
        if filter.matches(push) {
          if rows.count == limit { return (rows, rows.last?.id) }
          rows.append(push)
        }
        examined += 1
        position = push.id
      }
      if page.count < wanted { return (rows, nil) }
    }
    return (rows, position)
  }
}
