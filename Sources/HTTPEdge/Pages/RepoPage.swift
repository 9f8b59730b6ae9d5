import Catalog
import Hummingbird
import Vocabulary

/// `/ui/repos/{repo}`: its bundles, newest first.
package struct RepoPage: Sendable {
  package struct Row: Sendable {
    package var bundle: BundleRecord
    package var labels: [LabelName]
    package init(bundle: BundleRecord, labels: [LabelName]) {
      self.bundle = bundle
      self.labels = labels
    }
  }
  private static let pageSize = 50

  private let repo: RepoRecord
  private let rows: [Row]
  private let isFirstPage: Bool
  private let hasMore: Bool
  private let labels: [Label]
  private let plotted: [BundleRecord]
  /// How clients reach this server.
  private let address: String

  /// A label with the bundle it is on.
  package struct Label: Sendable {
    package var name: LabelName
    package var bundle: BundleRecord
    package init(name: LabelName, bundle: BundleRecord) {
      self.name = name
      self.bundle = bundle
    }
  }
  /// More labels are told by the API.
  private static let labelLimit = 100

  package init(
    repo: RepoRecord, rows: [Row], isFirstPage: Bool = true, hasMore: Bool = false, labels: [Label] = [],
    plotted: [BundleRecord] = [], address: String
  ) {
    self.labels = labels
    self.plotted = plotted
    self.address = address
    self.repo = repo
    self.rows = rows
    self.isFirstPage = isFirstPage
    self.hasMore = hasMore
  }

  /// - Throws: `ProblemError` with `not-found`, or for a cursor that is none.
  static func load(
    _ services: GatewayServices, _ request: Request, name: RepoName, address: String
  ) async throws -> RepoPage {
    let before = try PageQuery(request)["cursor"].map { text in
      guard let sequence = Int64(digits: text) else { throw PageRequest.badCursor() }
      return sequence
    }
    return try await services.catalog.read { reader in
      guard let repo = try reader.repo(name) else {
        throw ProblemError(.notFound, detail: "there is no repo \(name)")
      }
      let rows = try reader.bundles(of: name, before: before, limit: pageSize + 1).map {
        Row(bundle: $0, labels: try reader.labels(of: $0.id))
      }
      return RepoPage(
        repo: repo, rows: Array(rows.prefix(pageSize)), isFirstPage: before == nil,
        hasMore: rows.count > pageSize, labels: before == nil ? try labels(of: name, reader) : [],
        plotted: before == nil
          ? try reader.bundles(of: name, before: nil, limit: SizePlot.maximumPoints) : [], address: address)
    }
  }

  private static func labels(of repo: RepoName, _ reader: any CatalogReader) throws -> [Label] {
    try reader.labels(ofRepo: repo, prefix: "", after: nil, limit: labelLimit).compactMap { record in
      try reader.bundle(record.bundle).map { Label(name: record.label, bundle: $0) }
    }
  }

  package func html(_ templates: PageTemplates, now: Timestamp) -> String {
    var view: PageView = [
      "name": repo.name.text, "bundleCountText": PageFormat.plural(repo.bundleCount, "bundle"),
      "created": PageViews.time(repo.createdAt, now: now),
      "pushesHref": PageLinks.query(PageLinks.pushes, ["repo": repo.name.text]),
      "hasRows": !rows.isEmpty, "rows": rows.map { Self.view($0, now: now) },
    ]
    view.set("description", repo.description)
    view.set("plot", SizePlot(plotted).view())
    view["hasLabels"] = !labels.isEmpty
    view["labels"] = labels.map { label in
      [
        "name": label.name.text, "sequence": label.bundle.sequence,
        "href": PageLinks.bundle(label.bundle.repo, label.bundle.id.text),
      ] as PageView
    }
    view["isFirstPage"] = isFirstPage
    view["actionHref"] = PageLinks.repo(repo.name)
    view["keepLatest"] = repo.retention.latest.map(String.init) ?? ""
    view["keepDays"] = RetentionDays.text(repo.retention.ageSeconds)
    view["hasBundles"] = repo.bundleCount > 0
    view["commands"] = PageCommands.repo(repo.name, address)
    let link = PageLinks.repo(repo.name)
    view.set(
      "paging",
      PageViews.paging(
        first: isFirstPage ? nil : link,
        next: hasMore
          ? rows.last.map { PageLinks.query(link, ["cursor": String($0.bundle.sequence)]) } : nil,
        words: ("Newest", "Older")))
    return templates.html("repo", title: repo.name.text, section: .repos, view: view)
  }

  private static func view(_ row: Row, now: Timestamp) -> PageView {
    let bundle = row.bundle
    var view: PageView = [
      "sequence": bundle.sequence, "href": PageLinks.bundle(bundle.repo, bundle.id.text),
      "shortID": PageViews.short(bundle.id.text), "message": bundle.message,
      "labels": row.labels.map(\.text), "files": PageFormat.number(bundle.fileCount),
      "bytes": PageViews.bytes(bundle.byteCount), "when": PageViews.time(bundle.createdAt, now: now),
    ]
    view.set("author", bundle.author)
    return view
  }
}
