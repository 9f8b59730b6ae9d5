import Blobs
import Catalog
import HTTPTypes
import Hummingbird
import Platform
import UploadProtocol
import Uploads
import Vocabulary

/// Reading and verifying uploads below `/files/`; changing them is tus, in front of the router.
package struct UploadRoutes: Sendable {
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  package func add(to router: Router<GatewayContext>) {
    let upload = router.group("/files/{id}")
    upload.get { request, context in try await read(context.upload(), request, context) }
    upload.get("digest") { request, context in
      let (blob, offset) = try await services.uploads.open(context.upload())
      defer { blob.close() }
      return try await DigestAnswers.prefix(of: blob, end: offset, request)
    }
    upload.get("blocks") { _, context in
      let (blob, offset) = try await services.uploads.open(context.upload())
      defer { blob.close() }
      return try await DigestAnswers.blocks(of: blob, end: offset)
    }
    upload.post("verify") { request, context in
      let id = try context.upload()
      let declared = try await DigestAnswers.declared(by: request)
      let isDeep = try request.flag("deep")
      return DigestAnswers.match(try await services.uploads.verify(id, declared: declared, isDeep: isDeep))
    }
  }

  /// A verified upload's bytes, or what is known of it; neither disturbs a request that is sending. Whoever wants the
  /// bytes and has just sent the last of them waits until they are verified.
  private func read(
    _ id: UploadID, _ request: Request, _ context: GatewayContext
  ) async throws -> Response {
    let wantsJSON = Self.wantsJSON(request.headers)
    let (upload, offset) = try await GatewayServices.settled {
      try await services.uploads.status(id)
    } isSettling: {
      $0.record.state == .received && !wantsJSON
    }
    if upload.state == .cancelled || upload.state == .expired {
      throw ProblemError(.gone, detail: "upload \(id) was \(upload.state.rawValue)")
    }
    guard let digest = upload.digest, upload.state == .verified || upload.state == .committed,
      !wantsJSON
    else {
      let fields = await progress(of: id, request)
      var response = Response.json(JSONViews.upload(upload, offset: offset))
      for field in fields { response.headers[field.name] = field.value }
      return response
    }
    let (blob, _) = try await services.uploads.open(id)
    let file = FileResponse(
      blob: blob, digest: digest, name: upload.path.lastComponent, modifiedAt: upload.modifiedAt,
      isImmutable: false)
    var response = try await file.response(to: request, services, on: context.eventLoop)
    response.headers[.vary] = "Accept"
    return response
  }

  /// What HEAD would tell of the upload's offset. It is exact only when no request is sending: a client of a draft
  /// takes the upload over by asking, anybody else is told nothing meanwhile.
  private func progress(of id: UploadID, _ request: Request) async -> HTTPFields {
    let head = UploadRequestHead(
      method: .head, path: "\(UploadRoute.basePath)/\(id)", headerFields: request.headers)
    guard case .ietf(let version) = DialectChoice(head) else { return [:] }
    let outcome: UploadOutcome
    if version == .unmarked {
      guard let view = try? await services.uploads.viewIfIdle(id) else { return [:] }
      outcome = .inspected(view)
    } else {
      outcome = await services.uploads.perform(.inspect(id, completes: false), body: nil, client: nil)
      guard case .inspected = outcome else { return [:] }
    }
    let dialect = IETFDialect(version: version)
    let context = ResponseContext(requestID: "", now: services.clock.now(), location: { "\($0)" })
    let told: [HTTPField.Name] = [
      .uploadOffset, .uploadComplete, .uploadIncomplete, .uploadLength, .uploadLimit,
    ]
    return dialect.render(outcome, for: head, in: context).head.headerFields.filter { told.contains($0.name) }
  }

  /// True when `Accept` names JSON itself; a browser's and a downloader's `*/*` do not.
  package static func wantsJSON(_ headers: HTTPFields) -> Bool {
    headers[values: .accept].joined(separator: ",").split(separator: ",").contains { range in
      let parts = range.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
      guard parts.first == "application/json" else { return false }
      return !parts.dropFirst().contains { part in
        part.hasPrefix("q=") && Double(part.dropFirst(2)) == 0
      }
    }
  }
}

extension GatewayContext {
  fileprivate func upload() throws -> UploadID { try identifier("id", of: "upload") }
}
