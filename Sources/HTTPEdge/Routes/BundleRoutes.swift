import Blobs
import Bundles
import Catalog
import HTTPTypes
import Hummingbird
import Vocabulary

/// Bundles and their files below `/api/v1/repos/{repo}/bundles`.
package struct BundleRoutes: Sendable {
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  package func add(to router: Router<GatewayContext>) {
    let bundles = router.group("/api/v1/repos/{repo}/bundles")
    bundles.get { request, context in try await list(context.repoName(), request) }
    let bundle = bundles.group("{ref}")
    bundle.get { request, context in try await readOrArchive(request, context) }
    bundle.get("files") { request, context in try await files(of: resolve(context), request) }
    bundle.get("files/**") { request, context in try await file(request, context) }
    bundle.head("files/**") { request, context in try await file(request, context) }
    bundle.get("digest/**") { request, context in
      try await withObject(request, context) { object in
        try await DigestAnswers.prefix(of: object, end: object.size, request)
      }
    }
    bundle.get("blocks/**") { request, context in
      try await withObject(request, context) { object in
        try await DigestAnswers.blocks(of: object, end: object.size)
      }
    }
    bundle.post("verify") { request, context in try await verifyAll(request, context) }
    bundle.post("verify/**") { request, context in try await verify(request, context) }
  }

  private func list(_ repo: RepoName, _ request: Request) async throws -> Response {
    let page = try PageRequest(request)
    let before = try page.position { Int64(digits: $0) }
    let (items, next) = try await services.catalog.read { reader in
      guard try reader.repo(repo) != nil else {
        throw ProblemError(.notFound, detail: "there is no repo \(repo)")
      }
      let found = try reader.bundles(of: repo, before: before, limit: page.limit + 1)
      let (rows, next) = page.page(found) { String($0.sequence) }
      return (try rows.map { JSONViews.bundle($0, labels: try reader.labels(of: $0.id)) }, next)
    }
    return .list(items, next: next)
  }

  /// A reference that ends in `.tar` or `.zip` always asks for an archive, whatever labels there are.
  private func readOrArchive(_ request: Request, _ context: GatewayContext) async throws -> Response {
    let reference = try context.parameter("ref")
    let method = try ZIPResponse.method(request.uri.queryParameters["compress"].map(String.init))
    func bundle(without suffix: String) async throws -> BundleRecord? {
      guard reference.hasSuffix(suffix) else { return nil }
      return try await services.bundle(String(reference.dropLast(suffix.count)), in: context.repoName())
    }
    if let bundle = try await bundle(without: ".bag.tar") {
      return try await TarResponse(bundle, .bag, services).response(on: context.eventLoop)
    }
    if let bundle = try await bundle(without: ".tar") {
      return try await TarResponse(bundle, .files, services).response(on: context.eventLoop)
    }
    if let bundle = try await bundle(without: ".zip") {
      return try await ZIPResponse(bundle, method, services).response(on: context.eventLoop)
    }
    let bundle = try await resolve(context)
    let labels = try await services.catalog.read { try $0.labels(of: bundle.id) }
    return .json(JSONViews.bundle(bundle, labels: labels))
  }

  private func files(of bundle: BundleRecord, _ request: Request) async throws -> Response {
    let page = try PageRequest(request)
    let start = try page.position { Int64(digits: $0) }
    let manifest = try await services.blobs.openObject(bundle.digest)
    defer { manifest.close() }
    do {
      let (entries, next) = try await services.page(
        of: ManifestReader(manifest), from: start ?? ManifestReader.start, limit: page.limit, bundle)
      return .list(entries.map(JSONViews.entry), next: next.map { String($0) })
    } catch let error as ProblemError where error.problem == .badRequest {
      throw PageRequest.badCursor()
    }
  }

  private func file(_ request: Request, _ context: GatewayContext) async throws -> Response {
    let (bundle, entry, inFlight) = try await entry(request, context)
    defer { withExtendedLifetime(inFlight) {} }
    let file = FileResponse(
      blob: try await services.openObject(of: entry), digest: entry.digest, name: entry.path.lastComponent,
      modifiedAt: entry.modifiedAt, isImmutable: try context.parameter("ref") == bundle.id.text)
    return try await file.response(to: request, services, on: context.eventLoop)
  }

  /// Compares a declared digest with the entry's; `?deep=1` with that of the bytes in storage.
  private func verify(_ request: Request, _ context: GatewayContext) async throws -> Response {
    let declared = try await DigestAnswers.declared(by: request)
    let isDeep = try request.flag("deep")
    let (_, entry, inFlight) = try await entry(request, context)
    defer { withExtendedLifetime(inFlight) {} }
    var actual = entry.digest
    if isDeep {
      let object = try await services.openObject(of: entry)
      defer { object.close() }
      actual = try await BlobDigests.prefix(object.size, of: object)
    }
    guard actual == declared else {
      throw ProblemError(
        .digestMismatch,
        detail: "\(quoted(entry.path.text)) has sha256 \(actual), the request declared \(declared)",
        members: ["declared": .text(declared.hex), "actual": .text(actual.hex)])
    }
    return DigestAnswers.match(actual)
  }

  private func verifyAll(_ request: Request, _ context: GatewayContext) async throws -> Response {
    try await JSONBody.ignore(request)
    let isDeep = try request.flag("deep")
    let bundle = try await resolve(context)
    let inFlight = services.bundlesInFlight.begin(bundle.digest)
    defer { withExtendedLifetime(inFlight) {} }
    let report = try await services.bundleCheck.run(bundle, isDeep: isDeep)
    guard report.flaws.isEmpty else {
      throw ProblemError(
        .digestMismatch, detail: "bundle \(bundle.id) does not verify: \(report.flaws.count) problems",
        members: ["problems": .list(report.flaws.map { ["path": $0.path, "reason": $0.reason] })])
    }
    return .json([
      "match": true, "files": .integer(report.fileCount), "bytes": .integer(report.byteCount), "problems": [],
    ])
  }

  private func withObject(
    _ request: Request, _ context: GatewayContext, _ body: (any BlobReader) async throws -> Response
  ) async throws -> Response {
    let (_, entry, inFlight) = try await entry(request, context)
    defer { withExtendedLifetime(inFlight) {} }
    let object = try await services.openObject(of: entry)
    defer { object.close() }
    return try await body(object)
  }

  /// The file that the request names; its bytes stay until they are open, for as long as `inFlight` is kept.
  private func entry(
    _ request: Request, _ context: GatewayContext
  ) async throws -> (bundle: BundleRecord, entry: Entry, inFlight: BundleInFlight) {
    let path = try context.entryPath(request)
    let bundle = try await resolve(context)
    let inFlight = services.bundlesInFlight.begin(bundle.digest)
    let manifest = try await services.blobs.openObject(bundle.digest)
    defer { manifest.close() }
    do {
      if let entry = try await ManifestReader(manifest).entry(at: path) { return (bundle, entry, inFlight) }
    } catch let error as ManifestError {
      throw BlobError.failed("bundle \(bundle.id): \(error)")
    }
    throw ProblemError(.notFound, detail: "bundle \(bundle.id) has no file \(quoted(path.text))")
  }

  private func resolve(_ context: GatewayContext) async throws -> BundleRecord {
    try await services.bundle(context.parameter("ref"), in: context.repoName())
  }
}
