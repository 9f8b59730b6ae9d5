import Catalog
import Hummingbird
import Ingestion
import Platform
import Vocabulary

/// `/ui/sources/{name}/{path}`: a folder of a source, with the form that pushes it.
package struct SourcePage: Sendable {
  private static let pageSize = 200
  private static let repoLimit = 1000

  private let source: String
  private let path: BundlePath?
  private let listing: SourceListing
  private let repos: [RepoName]
  private let repo: RepoName?
  private let isFirstPage: Bool

  /// - Throws: `ProblemError`: `not-found`, `source-unavailable`, `source-unreadable`, or for a cursor that is none.
  static func load(
    _ services: GatewayServices, _ request: Request, name: String, path: BundlePath?
  ) async throws -> SourcePage {
    let query = PageQuery(request)
    let source = try services.ingests.sources.require(name)
    let after = try query["cursor"].map { text in
      guard let name = SourceCursor.name(text) else { throw PageRequest.badCursor() }
      return name
    }
    let listing = try await services.listing(of: source, path, after: after, limit: pageSize)
    let repos = try await services.catalog.read { try $0.repos(after: nil, limit: repoLimit).map(\.name) }
    return SourcePage(
      source: source.name, path: path, listing: listing, repos: repos,
      repo: query["repo"].flatMap { try? RepoName($0) }, isFirstPage: after == nil)
  }

  package func html(_ templates: PageTemplates, now: Timestamp) -> String {
    let link = PageLinks.source(source, path)
    var view: PageView = [
      "title": path?.lastComponent ?? source, "crumbs": crumbs, "hasRows": !listing.items.isEmpty,
      "rows": listing.items.map { row($0, now: now) }, "formHref": PageLinks.source(source, nil),
      "pathValue": path?.text ?? "",
      "repos": repos.map { ["value": $0.text, "isChosen": $0 == repo] as PageView },
    ]
    view.set(
      "paging",
      PageViews.paging(
        first: isFirstPage ? nil : link,
        next: listing.next.map { PageLinks.query(link, ["cursor": SourceCursor.text($0)]) },
        words: ("First names", "More names")))
    return templates.html(
      "source", title: path.map { "\(source)/\($0)" } ?? source, section: .sources, view: view)
  }

  /// The folders above this one.
  private var crumbs: [PageView] {
    guard let path else { return [] }
    var crumbs: [PageView] = [["href": PageLinks.source(source, nil), "word": source]]
    var text = ""
    for component in path.components.dropLast() {
      text += text.isEmpty ? String(component) : "/\(component)"
      guard let folder = try? BundlePath(text) else { continue }
      crumbs.append(["href": PageLinks.source(source, folder), "word": String(component)])
    }
    return crumbs
  }

  private func row(_ item: SourceItem, now: Timestamp) -> PageView {
    var view: PageView = ["name": item.shownName]
    if item.info.kind == .file { view["size"] = PageViews.bytes(item.info.size) }
    view["modified"] = PageViews.time(item.modifiedAt, now: now)
    switch item.info.kind {
    case .link: view["note"] = "symbolic link, never followed"
    case .other: view["note"] = "neither a file nor a folder"
    case .file, .folder:
      guard let path = item.path else {
        view["note"] = "a name that cannot be in a bundle"
        break
      }
      if item.info.kind == .folder { view["href"] = PageLinks.source(source, path) }
      view["tick"] = ["value": path.lastComponent, "tickLabel": "Take \(item.shownName)"] as PageView
    }
    return view
  }
}
