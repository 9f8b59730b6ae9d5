import Blobs
import Bundles
import Catalog
import Hummingbird
import Vocabulary

/// `/ui/repos/{repo}/bundles/{ref}`: the facts of a bundle and its files.
package struct BundlePage: Sendable {
  private static let pageSize = 200

  private let bundle: BundleRecord
  private let labels: [LabelName]
  private let entries: [Entry]
  /// Position in the manifest of the following page, nil on the last.
  private let next: Int64?
  private let isFirstPage: Bool
  /// The bundle before it in its repo, nil for the first there is.
  private let previous: BundleRecord?
  /// How clients reach this server.
  private let address: String

  package init(
    bundle: BundleRecord, labels: [LabelName], entries: [Entry], next: Int64? = nil, isFirstPage: Bool = true,
    previous: BundleRecord? = nil, address: String
  ) {
    self.bundle = bundle
    self.labels = labels
    self.entries = entries
    self.next = next
    self.isFirstPage = isFirstPage
    self.previous = previous
    self.address = address
  }

  /// - Throws: `ProblemError` with `not-found`, or for a cursor that is none; `BlobError` when the manifest is not
  ///   in storage.
  static func load(
    _ services: GatewayServices, _ request: Request, repo: RepoName, reference: String, address: String
  ) async throws -> BundlePage {
    let position = try PageQuery(request)["cursor"].map { text in
      guard let position = Int64(digits: text) else { throw PageRequest.badCursor() }
      return position
    }
    let (bundle, labels, previous) = try await services.catalog.read { reader in
      let bundle = try BundleReference.resolve(reference, in: repo, reader)
      let previous = try reader.bundles(of: repo, before: bundle.sequence, limit: 1).first
      return (bundle, try reader.labels(of: bundle.id), previous)
    }
    let manifest = try await services.blobs.openObject(bundle.digest)
    defer { manifest.close() }
    let page = try await services.page(
      of: ManifestReader(manifest), from: position ?? ManifestReader.start, limit: pageSize, bundle)
    return BundlePage(
      bundle: bundle, labels: labels, entries: page.entries, next: page.next, isFirstPage: position == nil,
      previous: previous, address: address)
  }

  package func html(_ templates: PageTemplates, now: Timestamp) -> String {
    var view: PageView = [
      "repo": bundle.repo.text, "repoHref": PageLinks.repo(bundle.repo), "sequence": bundle.sequence,
      "message": bundle.message, "labels": labels.map(\.text), "id": bundle.id.text,
      "digest": bundle.digest.hex, "files": PageFormat.number(bundle.fileCount),
      "bytes": PageViews.bytes(bundle.byteCount), "created": PageViews.time(bundle.createdAt, now: now),
      "pushHref": PageLinks.push(bundle.push), "pushShortID": PageViews.short(bundle.push.text),
      "logHref": PageLinks.pushLog(bundle.push),
      "archiveHref": PageLinks.archive(bundle.repo, bundle.id),
      "zipHref": PageLinks.zip(bundle.repo, bundle.id),
      "treeHref": PageLinks.folder(bundle.repo, bundle.id.text, nil),
      "commands": PageCommands.bundle(bundle, address),
      "hasEntries": !entries.isEmpty, "entries": entries.map { entryView($0, now: now) },
    ]
    view.set("author", bundle.author)
    if bundle.contributors.count > 1 { view["contributors"] = bundle.contributors.joined(separator: ", ") }
    if let previous {
      view["previous"] =
        [
          "diffHref": PageLinks.difference(bundle.repo, previous.id.text, bundle.id.text),
          "previousSequence": previous.sequence,
        ] as PageView
    }
    let link = PageLinks.bundle(bundle.repo, bundle.id.text)
    view.set(
      "paging",
      PageViews.paging(
        first: isFirstPage ? nil : link,
        next: next.map { PageLinks.query(link, ["cursor": String($0)]) },
        words: ("First files", "More files")))
    return templates.html(
      "bundle", title: "\(bundle.repo) #\(bundle.sequence): \(bundle.message)", section: .repos, view: view)
  }

  private func entryView(_ entry: Entry, now: Timestamp) -> PageView {
    let (folder, name) = PageViews.split(entry.path.text)
    var view: PageView = [
      "folder": folder, "name": name, "href": PageLinks.file(bundle.repo, bundle.id, entry.path),
      "size": PageViews.bytes(entry.size), "sha256": entry.digest.hex,
    ]
    view.set("modified", entry.modifiedAt.map { PageViews.time($0, now: now) })
    return view
  }
}
