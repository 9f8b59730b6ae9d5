import HTTPTypes
import Hummingbird
import Ingestion
import Platform
import Vocabulary

/// Folders of the server's machine below `/api/v1/sources`.
package struct SourceRoutes: Sendable {
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  package func add(to router: Router<GatewayContext>) {
    let sources = router.group("/api/v1/sources")
    sources.get { _, _ in
      Response.list(services.ingests.sources.sources.map { JSONViews.source($0) }, next: nil)
    }
    sources.get("{name}/tree") { request, context in try await tree(nil, request, context) }
    sources.get("{name}/tree/**") { request, context in
      try await tree(try context.sourcePath(), request, context)
    }
  }

  private func tree(
    _ path: BundlePath?, _ request: Request, _ context: GatewayContext
  ) async throws -> Response {
    let source = try services.ingests.sources.require(try context.parameter("name"))
    let page = try PageRequest(request)
    let after = try page.position { SourceCursor.name($0) }
    let listing = try await services.listing(of: source, path, after: after, limit: page.limit)
    return .list(
      listing.items.map { JSONViews.sourceItem($0, of: source.name) },
      next: listing.next.map(SourceCursor.text))
  }
}

/// A name of any bytes as a cursor.
enum SourceCursor {
  static func text(_ name: [UInt8]) -> String { Hexadecimal.encode(name) }
  static func name(_ text: String) -> [UInt8]? {
    guard text.utf8.count <= 512, let name = Hexadecimal.decode(text), !name.isEmpty else { return nil }
    return name
  }
}

extension GatewayServices {
  /// A page of a source's folder.
  ///
  /// - Throws: `ProblemError`: `source-unavailable`, `not-found`, `source-unreadable`.
  func listing(
    of source: Source, _ path: BundlePath?, after: [UInt8]?, limit: Int
  ) async throws -> SourceListing {
    try await ingests.executor.run { try SourceListing(source, path, after: after, limit: limit) }
  }
}

extension GatewayContext {
  /// The rest of the URL's path as a path below a source, decoded once; nil for the source itself.
  ///
  /// - Throws: `ProblemError` with `bad-path`.
  func sourcePath() throws -> BundlePath? {
    let raw = parameters[Parameters.recursiveCaptureKey].map(String.init) ?? ""
    if raw.isEmpty { return nil }
    guard let text = PageLinks.decoded(raw) else {
      throw ProblemError(.badPath, detail: "path \(quoted(raw)) is not percent-encoded UTF-8")
    }
    return try BundlePath(text)
  }
}

extension JSONViews {
  package static func source(_ source: Source) -> JSONValue {
    ["name": .string(source.name), "_links": .links(["tree": sourcePath(source.name, nil)])]
  }

  package static func sourceItem(_ item: SourceItem, of source: String) -> JSONValue {
    let kind: String =
      switch item.info.kind {
      case .file: "file"
      case .folder: "folder"
      case .link: "link"
      case .other: "other"
      }
    let links = item.info.kind == .folder ? item.path.map { sourcePath(source, $0) } : nil
    return [
      "name": .string(item.shownName), "kind": .string(kind), "path": .text(item.path?.text),
      "size": item.info.kind == .file ? .integer(item.info.size) : .null,
      "modifiedAt": .time(item.modifiedAt),
      "_links": links.map { .links(["tree": $0]) } ?? .object([]),
    ]
  }

  private static func sourcePath(_ source: String, _ path: BundlePath?) -> String {
    let root = "/api/v1/sources/\(PageLinks.component(source))/tree"
    return path.map { "\(root)/\(PageLinks.path($0.text))" } ?? root
  }
}

extension SourceItem {
  /// Whole milliseconds.
  var modifiedAt: Timestamp { Timestamp(milliseconds: info.modifiedNanoseconds / 1_000_000) }
}
