import Catalog
import Hummingbird
import Vocabulary

/// `/ui/pushes`: all pushes in one flat list, newest first.
package struct PushListPage: Sendable {
  private static let pageSize = 50

  private let rows: [PushSnapshot]
  private let filter: PushFilter
  private let counts: [PushState: Int]
  private let isFirstPage: Bool
  private let next: PushID?

  /// `counts` of all pushes, shown with the statuses; `next` is where the following page begins.
  package init(
    rows: [PushSnapshot], filter: PushFilter = PushFilter(), counts: [PushState: Int] = [:],
    isFirstPage: Bool = true, next: PushID? = nil
  ) {
    self.rows = rows
    self.filter = filter
    self.counts = counts
    self.isFirstPage = isFirstPage
    self.next = next
  }

  /// - Throws: `ProblemError` for a filter or cursor that is none.
  static func load(_ services: GatewayServices, _ request: Request) async throws -> PushListPage {
    let query = PageQuery(request)
    let filter = try PushFilterQuery.filter { query[$0] }
    let before = try query["cursor"].map { text in
      guard let id = PushID(text) else { throw PageRequest.badCursor() }
      return id
    }
    return try await services.catalog.read { [scheduler = services.scheduler] reader in
      let (rows, next) = try reader.pushes(matching: filter, before: before, limit: pageSize)
      return PushListPage(
        rows: try rows.map { try PushSnapshot($0, reader, scheduler) }, filter: filter,
        counts: try reader.pushCounts(), isFirstPage: before == nil, next: next)
    }
  }

  package func html(_ templates: PageTemplates, now: Timestamp) -> String {
    var view: PageView = [
      "filters": filters, "hasRows": !rows.isEmpty, "rows": rows.map { PushRowView.view($0, now: now) },
      "repoValue": filter.repo?.text ?? "", "labelValue": filter.label?.text ?? "",
      "sourceValue": filter.source ?? "", "textValue": filter.text ?? "",
      "origins": Self.choices(PushRecord.Origin.allCases, filter.origin) { PageViews.origin($0) },
      "states": Self.choices(PushState.allCases, filter.state) { $0.rawValue },
      "isRefined": isRefined, "isLive": rows.contains { $0.push.state.status == .ongoing },
      "emptyText": emptyText,
    ]
    view.set("statusValue", filter.status?.rawValue)
    view.set(
      "paging",
      PageViews.paging(
        first: isFirstPage ? nil : link(filter.status, cursor: nil),
        next: next.map { link(filter.status, cursor: $0.text) },
        words: ("Newest", "Older")))
    return templates.html("pushes", title: "Pushes", section: .pushes, view: view)
  }

  private func link(_ status: PushState.Status?, cursor: String?) -> String {
    var filter = filter
    filter.status = status
    let parameters = PushFilterQuery.parameters(filter).map { ($0.key, $0.value) }
    return PageLinks.query(PageLinks.pushes, parameters + [("cursor", cursor)])
  }

  /// More than a status and a repo are asked for: the fields for it are unfolded.
  private var isRefined: Bool {
    filter.state != nil || filter.label != nil || filter.origin != nil || filter.source != nil
  }

  private var emptyText: String {
    if next != nil {
      return "None of the newest \(PageFormat.number(Int64(PushFilter.maximumExamined))) pushes matches."
    }
    return filter.isEmpty
      ? "No push yet. Upload something, and it appears here." : "No push matches this filter."
  }

  private static func choices<Value: RawRepresentable<String> & Equatable>(
    _ values: [Value], _ chosen: Value?, _ word: (Value) -> String
  ) -> [PageView] {
    values.map { ["value": $0.rawValue, "word": word($0), "isChosen": $0 == chosen] }
  }

  private func count(_ status: PushState.Status?) -> String {
    let states = PushState.allCases.filter { status == nil || $0.status == status }
    return PageFormat.number(Int64(states.reduce(0) { $0 + (counts[$1] ?? 0) }))
  }

  private var filters: [PageView] {
    let all: PageView = [
      "word": "All", "href": link(nil, cursor: nil), "isCurrent": filter.status == nil, "count": count(nil),
    ]
    return [all]
      + PushState.Status.allCases.map { choice in
        [
          "word": choice.rawValue.capitalizedFirst, "href": link(choice, cursor: nil),
          "isCurrent": filter.status == choice, "count": count(choice),
        ]
      }
  }
}
