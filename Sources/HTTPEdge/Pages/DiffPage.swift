import Bundles
import Catalog
import Hummingbird
import Vocabulary

/// `/ui/repos/{repo}/bundles/{ref}/diff/{other}`: what changes from one bundle to another.
package struct DiffPage: Sendable {
  private static let pageSize = 200

  private let old: BundleRecord
  private let new: BundleRecord
  private let page: BundleDiff.Page
  private let isFirstPage: Bool

  package init(from old: BundleRecord, to new: BundleRecord, page: BundleDiff.Page, isFirstPage: Bool = true)
  {
    self.old = old
    self.new = new
    self.page = page
    self.isFirstPage = isFirstPage
  }

  /// - Throws: `ProblemError` with `not-found`, or for a cursor that is none; `BlobError` when a manifest is not in
  ///   storage.
  static func load(
    _ services: GatewayServices, _ request: Request, _ context: GatewayContext
  ) async throws -> DiffPage {
    let position = try PageQuery(request)["cursor"].map { text in
      guard let position = BundleDiff.Position(cursor: text) else { throw PageRequest.badCursor() }
      return position
    }
    let (old, new) = try await services.compared(request, context)
    let page = try await services.difference(from: old, to: new, at: position ?? .start, limit: pageSize)
    return DiffPage(from: old, to: new, page: page, isFirstPage: position == nil)
  }

  package func html(_ templates: PageTemplates) -> String {
    let summary = page.summary
    let link = Self.link(old, new)
    var view: PageView = [
      "repo": old.repo.text, "repoHref": PageLinks.repo(old.repo),
      "oldHref": PageLinks.bundle(old.repo, old.id.text), "oldName": name(old), "oldMessage": old.message,
      "newHref": PageLinks.bundle(new.repo, new.id.text), "newName": name(new), "newMessage": new.message,
      "reverseHref": Self.link(new, old),
      "added": PageFormat.number(summary.added), "deleted": PageFormat.number(summary.deleted),
      "updated": PageFormat.number(summary.updated), "renamed": PageFormat.number(summary.renamed),
      "unchanged": PageFormat.number(summary.unchanged), "renamesMatched": page.areRenamesMatched,
      "hasChanges": !page.changes.isEmpty, "changes": page.changes.compactMap(changeView),
    ]
    view.set(
      "paging",
      PageViews.paging(
        first: isFirstPage ? nil : link,
        next: page.next.map { next in
          PageLinks.query(
            PageLinks.difference(old.repo, old.id.text, new.id.text),
            ["repo": Self.otherRepo(old, new), "cursor": next.cursor])
        }, words: ("First changes", "More changes")))
    return templates.html(
      "diff", title: "\(name(old)) to \(name(new))", section: .repos, view: view)
  }

  private func name(_ bundle: BundleRecord) -> String {
    old.repo == new.repo ? "#\(bundle.sequence)" : "\(bundle.repo) #\(bundle.sequence)"
  }

  private static func otherRepo(_ old: BundleRecord, _ new: BundleRecord) -> String? {
    old.repo == new.repo ? nil : new.repo.text
  }

  private static func link(_ old: BundleRecord, _ new: BundleRecord) -> String {
    PageLinks.query(
      PageLinks.difference(old.repo, old.id.text, new.id.text), ["repo": otherRepo(old, new)])
  }

  private func changeView(_ change: BundleDiff.Change) -> PageView? {
    guard let path = change.path else { return nil }
    let holder = change.new == nil ? old : new
    var view: PageView = [
      "word": change.kind.rawValue, "path": path.text,
      "href": PageLinks.file(holder.repo, holder.id, path),
      "kind": [.added: "complete", .deleted: "error", .updated: "ongoing"][change.kind] ?? "cancelled",
    ]
    view.set("from", change.kind == .renamed ? change.old?.path.text : nil)
    view.set("size", change.new.map { PageViews.bytes($0.size) })
    view.set("oldSize", change.old.map { PageViews.bytes($0.size) })
    return view
  }
}
