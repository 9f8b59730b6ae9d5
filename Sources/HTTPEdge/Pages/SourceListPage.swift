import Ingestion
import Platform
import Vocabulary

/// `/ui/sources`: the folders of this machine that pushes can be made of.
package struct SourceListPage: Sendable {
  private let rows: [(name: String, isThere: Bool)]

  package init(rows: [(name: String, isThere: Bool)]) { self.rows = rows }

  static func load(_ services: GatewayServices) async throws -> SourceListPage {
    let sources = services.ingests.sources.sources
    return SourceListPage(
      rows: await services.ingests.executor.perform {
        sources.map { source in (source.name, (try? source.tree()) != nil) }
      })
  }

  package func html(_ templates: PageTemplates) -> String {
    templates.html(
      "sources", title: "Sources", section: .sources,
      view: [
        "rows": rows.map { row in
          [
            "name": row.name, "href": PageLinks.source(row.name, nil),
            "badge": row.isThere
              ? PageViews.badge("complete", "there") : PageViews.badge("error", "not there"),
          ] as PageView
        }
      ])
  }
}

extension PageLinks {
  package static let sources = "/ui/sources"
  package static func source(_ name: String, _ path: BundlePath?) -> String {
    let root = "\(sources)/\(component(name))"
    return path.map { "\(root)/\(self.path($0.text))" } ?? root
  }
}
