import Bundles
import Catalog
import Hummingbird
import Vocabulary

/// `/ui/repos/{repo}/bundles/{ref}/tree/{path}`: what lies in one folder of a bundle.
package struct TreePage: Sendable {
  private static let pageSize = 200

  private let bundle: BundleRecord
  /// nil for the root.
  private let folder: BundlePath?
  private let listing: FolderListing
  private let isFirstPage: Bool

  package init(bundle: BundleRecord, folder: BundlePath?, listing: FolderListing, isFirstPage: Bool = true) {
    self.bundle = bundle
    self.folder = folder
    self.listing = listing
    self.isFirstPage = isFirstPage
  }

  /// - Throws: `ProblemError` with `not-found`, or for a cursor that is none; `BlobError` when the manifest is not
  ///   in storage.
  static func load(
    _ services: GatewayServices, _ request: Request, _ context: GatewayContext, folder: BundlePath?
  ) async throws -> TreePage {
    let position = try PageQuery(request)["cursor"].map { text in
      guard let position = Int64(digits: text) else { throw PageRequest.badCursor() }
      return position
    }
    let bundle = try await services.bundle(context.parameter("ref"), in: context.repoName())
    let listing = try await services.listing(of: folder, in: bundle, from: position, limit: pageSize)
    return TreePage(bundle: bundle, folder: folder, listing: listing, isFirstPage: position == nil)
  }

  package func html(_ templates: PageTemplates, now: Timestamp) -> String {
    let link = PageLinks.folder(bundle.repo, bundle.id.text, folder?.text)
    var view: PageView = [
      "repo": bundle.repo.text, "repoHref": PageLinks.repo(bundle.repo), "sequence": bundle.sequence,
      "bundleHref": PageLinks.bundle(bundle.repo, bundle.id.text),
      "rootHref": PageLinks.folder(bundle.repo, bundle.id.text, nil), "parents": parents,
      "hasItems": !listing.items.isEmpty, "items": listing.items.map { itemView($0, now: now) },
    ]
    view.set("folderName", folder?.lastComponent)
    view.set(
      "paging",
      PageViews.paging(
        first: isFirstPage ? nil : link,
        next: listing.next.map { PageLinks.query(link, ["cursor": String($0)]) }, words: ("First", "More")))
    return templates.html(
      "tree", title: "\(folder?.text ?? "Files") in \(bundle.repo) #\(bundle.sequence): \(bundle.message)",
      section: .repos, view: view)
  }

  /// The folders between the root and this one.
  private var parents: [PageView] {
    let components = folder?.components.dropLast() ?? []
    return components.indices.map { index in
      let path = components[...index].joined(separator: "/")
      return [
        "parentName": String(components[index]),
        "parentHref": PageLinks.folder(bundle.repo, bundle.id.text, path),
      ]
    }
  }

  private func itemView(_ item: FolderListing.Item, now: Timestamp) -> PageView {
    switch item {
    case .file(let entry):
      var view: PageView = [
        "isFolder": false, "name": entry.path.lastComponent,
        "href": PageLinks.file(bundle.repo, bundle.id, entry.path), "size": PageViews.bytes(entry.size),
        "files": "", "sha256": entry.digest.hex,
      ]
      view.set("modified", entry.modifiedAt.map { PageViews.time($0, now: now) })
      return view
    case .folder(let name, let fileCount, let byteCount):
      let path = folder.map { "\($0.text)/\(name)" } ?? name
      var view: PageView = [
        "isFolder": true, "name": name, "href": PageLinks.folder(bundle.repo, bundle.id.text, path),
        "files": fileCount.map(PageFormat.number) ?? "",
      ]
      view.set("size", byteCount.map(PageViews.bytes))
      return view
    }
  }
}
