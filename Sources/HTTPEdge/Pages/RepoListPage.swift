import Catalog
import Hummingbird
import Vocabulary

/// `/ui/repos`: all repos by name.
package struct RepoListPage: Sendable {
  package struct Row: Sendable {
    package var repo: RepoRecord
    package var latest: BundleRecord?
    package init(repo: RepoRecord, latest: BundleRecord?) {
      self.repo = repo
      self.latest = latest
    }
  }
  private static let pageSize = 100

  private let rows: [Row]
  private let isFirstPage: Bool
  private let hasMore: Bool

  package init(rows: [Row], isFirstPage: Bool = true, hasMore: Bool = false) {
    self.rows = rows
    self.isFirstPage = isFirstPage
    self.hasMore = hasMore
  }

  /// - Throws: `ProblemError` for a cursor that is none.
  static func load(_ services: GatewayServices, _ request: Request) async throws -> RepoListPage {
    let after = try PageQuery(request)["cursor"].map { text in
      guard let name = try? RepoName(text) else { throw PageRequest.badCursor() }
      return name
    }
    let rows = try await services.catalog.read { reader in
      try reader.repos(after: after, limit: pageSize + 1).map {
        Row(repo: $0, latest: try reader.latestBundle(of: $0.name))
      }
    }
    return RepoListPage(
      rows: Array(rows.prefix(pageSize)), isFirstPage: after == nil, hasMore: rows.count > pageSize)
  }

  package func html(_ templates: PageTemplates, now: Timestamp) -> String {
    var view: PageView = ["hasRows": !rows.isEmpty, "rows": rows.map { Self.view($0, now: now) }]
    view.set(
      "paging",
      PageViews.paging(
        first: isFirstPage ? nil : PageLinks.repos,
        next: hasMore
          ? rows.last.map { PageLinks.query(PageLinks.repos, ["cursor": $0.repo.name.text]) } : nil,
        words: ("First repos", "More repos")))
    return templates.html("repos", title: "Repos", section: .repos, view: view)
  }

  private static func view(_ row: Row, now: Timestamp) -> PageView {
    var view: PageView = [
      "name": row.repo.name.text, "href": PageLinks.repo(row.repo.name),
      "bundleCount": PageFormat.number(row.repo.bundleCount),
      "created": PageViews.time(row.repo.createdAt, now: now),
    ]
    view.set("description", row.repo.description)
    if let latest = row.latest {
      view["latest"] = PageViews.time(latest.createdAt, now: now).merging([
        "latestHref": PageLinks.bundle(latest.repo, latest.id.text), "sequence": latest.sequence,
        "message": latest.message,
      ]) { $1 }
    }
    return view
  }
}
