import Bundles
import Catalog
import Hummingbird
import Vocabulary

/// Looking into bundles: folder by folder, and at what changes between two of them.
package struct BrowseRoutes: Sendable {
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  package func add(to router: Router<GatewayContext>) {
    let bundle = router.group("/api/v1/repos/{repo}/bundles/{ref}")
    bundle.get("tree") { request, context in try await tree(of: nil, request, context) }
    bundle.get("tree/**") { request, context in
      try await tree(of: context.folderPath(), request, context)
    }
    bundle.get("diff/{other}") { request, context in try await difference(request, context) }
  }

  private func tree(
    of folder: BundlePath?, _ request: Request, _ context: GatewayContext
  ) async throws -> Response {
    let page = try PageRequest(request)
    let position = try page.position { Int64(digits: $0) }
    let bundle = try await services.bundle(context.parameter("ref"), in: context.repoName())
    let listing = try await services.listing(of: folder, in: bundle, from: position, limit: page.limit)
    return .json([
      "path": .string(folder?.text ?? ""),
      "items": .array(listing.items.map { JSONViews.item($0, in: folder) }),
      "next": .text(listing.next.map { String($0) }),
    ])
  }

  private func difference(_ request: Request, _ context: GatewayContext) async throws -> Response {
    let page = try PageRequest(request)
    let position = try page.position { BundleDiff.Position(cursor: $0) } ?? .start
    let (old, new) = try await services.compared(request, context)
    let found = try await services.difference(from: old, to: new, at: position, limit: page.limit)
    return .json([
      "items": .array(found.changes.map(JSONViews.change)),
      "next": .text(found.next?.cursor),
      "summary": JSONViews.summary(found.summary),
      "renamesMatched": .bool(found.areRenamesMatched),
      "_links": .links([
        "from": JSONViews.bundlePath(old), "to": JSONViews.bundlePath(new),
      ]),
    ])
  }
}

extension GatewayServices {
  /// The two bundles that a diff's address names; `?repo=` names the repo of the second when it is another.
  func compared(
    _ request: Request, _ context: GatewayContext
  ) async throws -> (old: BundleRecord, new: BundleRecord) {
    let repo = try context.repoName()
    let otherRepo = try PageQuery(request)["repo"].map { try RepoName($0) }
    return (
      try await bundle(context.parameter("ref"), in: repo),
      try await bundle(context.parameter("other"), in: otherRepo ?? repo)
    )
  }
}

extension GatewayContext {
  /// The rest of the URL's path as a folder of a bundle, decoded once.
  ///
  /// - Throws: `ProblemError` with `bad-path`.
  func folderPath() throws -> BundlePath {
    let raw = parameters[Parameters.recursiveCaptureKey] ?? ""
    guard let text = PageLinks.decoded(raw) else {
      throw ProblemError(.badPath, detail: "path \(quoted(String(raw))) is not percent-encoded UTF-8")
    }
    return try BundlePath(text)
  }
}

extension BundleDiff.Position {
  /// Both places, with a dot between.
  var cursor: String { "\(old).\(new)" }

  init?(cursor: String) {
    let parts = cursor.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let old = Int64(digits: parts[0]), let new = Int64(digits: parts[1]) else {
      return nil
    }
    self.init(old: old, new: new)
  }
}

extension JSONViews {
  /// What lies in a folder (the root when nil).
  package static func item(_ item: FolderListing.Item, in folder: BundlePath?) -> JSONValue {
    switch item {
    case .file(let entry):
      [
        "kind": "file", "name": .string(entry.path.lastComponent), "path": .string(entry.path.text),
        "fileCount": 1, "byteCount": .integer(entry.size), "sha256": .string(entry.digest.hex),
        "mode": .text(entry.mode.map { "0" + String($0, radix: 8) }), "mtime": .time(entry.modifiedAt),
      ]
    case .folder(let name, let fileCount, let byteCount):
      [
        "kind": "folder", "name": .string(name),
        "path": .string(folder.map { "\($0.text)/\(name)" } ?? name),
        "fileCount": .count(fileCount), "byteCount": .count(byteCount), "sha256": nil, "mode": nil,
        "mtime": nil,
      ]
    }
  }

  package static func change(_ change: BundleDiff.Change) -> JSONValue {
    let isRenamed = change.kind == .renamed
    return [
      "change": .string(change.kind.rawValue),
      "path": .text(change.path?.text),
      "from": .text(isRenamed ? change.old?.path.text : nil),
      "size": .count(change.new?.size),
      "sha256": .text(change.new?.digest.hex),
      "oldSize": .count(change.old?.size),
      "oldSha256": .text(change.old?.digest.hex),
    ]
  }

  package static func summary(_ summary: BundleDiff.Summary) -> JSONValue {
    [
      "added": .integer(summary.added), "deleted": .integer(summary.deleted),
      "updated": .integer(summary.updated), "renamed": .integer(summary.renamed),
      "unchanged": .integer(summary.unchanged),
    ]
  }
}
