import Blobs
import Bundles
import Catalog
import HTTPTypes
import Hummingbird
import NIOCore
import Vocabulary

/// `POST /api/v1/repos/{repo}/bundles/{ref}/contents`: many small files of a bundle in one answer, so that fetching them
/// does not cost a request each.
struct ContentRoutes: Sendable {
  private let services: GatewayServices

  init(services: GatewayServices) { self.services = services }

  func add(to router: Router<GatewayContext>) {
    router.post("/api/v1/repos/{repo}/bundles/{ref}/contents") { request, context in
      try await contents(request, context)
    }
  }

  /// The contents of the named files one after the other, in the order of the request: whoever asks knows their sizes.
  private func contents(_ request: Request, _ context: GatewayContext) async throws -> Response {
    let paths = try await JSONBody.decode(
      ContentsFields.self, from: request, limit: ContentsFields.maximumBytes
    ).paths
    let bundle = try await services.bundle(context.parameter("ref"), in: context.repoName())
    let inFlight = services.bundlesInFlight.begin(bundle.digest)
    let entries = try await entries(at: paths, in: bundle)
    let pieces = DownloadPieces(services.downloadBudget)
    var contents = EntryContents(
      of: .list(entries[...]), in: bundle, services, pieceBytes: pieces.byteCount)
    // Before the head is sent, so that missing storage is an error and not an answer that breaks off.
    try await contents.readAhead()
    let ready = contents
    let total = entries.reduce(0) { $0 + $1.size }
    let body = ResponseBody.streamed(
      contentLength: Int(total), patience: services.patience, on: context.eventLoop
    ) { writer in
      defer { withExtendedLifetime(inFlight) {} }
      var contents = ready
      var archive = ArchiveWriter(writer, pieces)
      try await services.reportingFaults {
        while case (_, var content)? = try await contents.next() {
          defer { content.close() }
          while let bytes = try await content.next() { try await archive.write(bytes) }
        }
        try await archive.flush()
      }
      writer = archive.stream
    }
    return Response(status: .ok, headers: ArchiveHeaders.fields(name: "contents.bin"), body: body)
  }

  private func entries(at paths: [BundlePath], in bundle: BundleRecord) async throws -> [Entry] {
    let manifest = try await services.blobs.openObject(bundle.digest)
    defer { manifest.close() }
    let sorted = Set(paths).sorted()
    let found: [Entry?]
    do {
      found = try await ManifestReader(manifest).entries(at: sorted)
    } catch let error as ManifestError {
      throw BlobError.failed("bundle \(bundle.id): \(error)")
    }
    var entries: [BundlePath: Entry] = [:]
    for (path, entry) in zip(sorted, found) {
      guard let entry else {
        throw ProblemError(
          .notFound, detail: "bundle \(bundle.id) has no file \(quoted(path.text))",
          members: ["path": .text(path.text)])
      }
      entries[path] = entry
    }
    return paths.compactMap { entries[$0] }
  }
}

/// The body that asks for contents.
package struct ContentsFields: Decodable, Sendable {
  package static let mostPaths = 1000
  static let maximumBytes = 1 << 20
  let paths: [BundlePath]

  package init(from decoder: any Decoder) throws {
    let reader = try FieldReader(decoder, fields: ["paths"])
    let list: PathList = try reader.required("paths")
    guard (1...Self.mostPaths).contains(list.texts.count) else {
      throw FieldReader.flaw(
        "paths", "paths has \(list.texts.count) items; it must have 1 to \(Self.mostPaths)")
    }
    paths = try list.texts.map { try BundlePath($0) }
  }
}
