import Catalog
import Hummingbird
import Vocabulary

/// `/ui/pushes`: all pushes in one flat list, newest first.
package struct PushListPage: Sendable {
  private static let pageSize = 50

  private let rows: [PushSnapshot]
  private let status: PushState.Status?
  private let repo: RepoName?
  private let isFirstPage: Bool
  private let hasMore: Bool

  package init(
    rows: [PushSnapshot], status: PushState.Status? = nil, repo: RepoName? = nil, isFirstPage: Bool = true,
    hasMore: Bool = false
  ) {
    self.rows = rows
    self.status = status
    self.repo = repo
    self.isFirstPage = isFirstPage
    self.hasMore = hasMore
  }

  /// - Throws: `ProblemError` for a status, repo or cursor that is none.
  static func load(_ services: GatewayServices, _ request: Request) async throws -> PushListPage {
    let query = PageQuery(request)
    let status = try query["status"].map { text in
      guard let status = PushState.Status(rawValue: text) else {
        throw ProblemError(
          .badRequest, detail: "status \(quoted(text)) is none of ongoing, complete, error and cancelled",
          members: ["field": .text("status")])
      }
      return status
    }
    let repo = try query["repo"].map { try RepoName($0) }
    let before = try query["cursor"].map { text in
      guard let id = PushID(text) else { throw PageRequest.badCursor() }
      return id
    }
    let rows = try await services.catalog.read { reader in
      try reader.pushes(status: status, repo: repo, before: before, limit: pageSize + 1).map { push in
        try PushSnapshot(push, reader)
      }
    }
    return PushListPage(
      rows: Array(rows.prefix(pageSize)), status: status, repo: repo, isFirstPage: before == nil,
      hasMore: rows.count > pageSize)
  }

  package func html(_ templates: PageTemplates, now: Timestamp) -> String {
    var view: PageView = [
      "filters": filters, "repoValue": repo?.text ?? "", "hasRows": !rows.isEmpty,
      "rows": rows.map { Self.view($0, now: now) },
      "emptyText": status == nil && repo == nil
        ? "No push yet. Upload something, and it appears here." : "No push matches this filter.",
    ]
    view.set("statusValue", status?.rawValue)
    view.set(
      "paging",
      PageViews.paging(
        first: isFirstPage ? nil : link(status, cursor: nil),
        next: hasMore ? rows.last.map { link(status, cursor: $0.push.id.text) } : nil,
        words: ("Newest", "Older")))
    return templates.html("pushes", title: "Pushes", section: .pushes, view: view)
  }

  private func link(_ status: PushState.Status?, cursor: String?) -> String {
    PageLinks.query(
      PageLinks.pushes, ["status": status?.rawValue, "repo": repo?.text, "cursor": cursor])
  }

  private var filters: [PageView] {
    let all: PageView = ["word": "All", "href": link(nil, cursor: nil), "isCurrent": status == nil]
    return [all]
      + PushState.Status.allCases.map { choice in
        [
          "word": choice.rawValue.capitalizedFirst, "href": link(choice, cursor: nil),
          "isCurrent": status == choice,
        ]
      }
  }

  private static func view(_ row: PushSnapshot, now: Timestamp) -> PageView {
    let push = row.push
    var view: PageView = [
      "badge": PageViews.badge(push.state), "message": push.message, "shortID": PageViews.short(push.id.text),
      "href": PageLinks.push(push.id), "repo": push.repo.text, "repoHref": PageLinks.repo(push.repo),
      "origin": PageViews.origin(push), "when": PageViews.time(push.createdAt, now: now),
      "logHref": PageLinks.pushLog(push.id),
    ]
    if push.state.status == .ongoing || push.state == .expired { view["stateWord"] = push.state.rawValue }
    view.set("label", push.label?.text)
    view.set("author", push.author)
    if let bundle = row.bundle {
      view["files"] = PageFormat.number(bundle.fileCount)
      view["bytes"] = PageViews.bytes(bundle.byteCount)
      view["bundle"] =
        ["href": PageLinks.bundle(bundle.repo, bundle.id.text), "sequence": bundle.sequence] as PageView
    } else {
      view["files"] = PageFormat.number(row.progress.verified)
      view["bytes"] = PageViews.bytes(row.progress.finishedBytes)
      let count = push.expectedCount ?? row.progress.total
      if count != row.progress.verified { view["filesOf"] = PageFormat.number(count) }
      if row.progress.rejected > 0 { view["rejected"] = PageFormat.number(row.progress.rejected) }
      if let bytes = push.expectedBytes, bytes != row.progress.finishedBytes {
        view["bytesOf"] = PageViews.bytes(bytes)
      }
    }
    return view
  }
}
