import Bundles
import Catalog
import HTTPTypes
import Hummingbird
import Ingestion
import NIOCore
import Platform
import Pushes
import Uploads
import Vocabulary

/// Pushes below `/api/v1/pushes`.
package struct PushRoutes: Sendable {
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  package func add(to router: Router<GatewayContext>) {
    let pushes = router.group("/api/v1/pushes")
    pushes.post { request, context in try await open(request, by: services.actor(of: request, context)) }
    pushes.get { request, _ in try await list(request) }
    let push = pushes.group("{id}")
    push.get { _, context in try await answer(try await record(context.push())) }
    push.get("uploads") { request, context in try await uploads(of: context.push(), request) }
    push.get("replaced") { request, context in try await replaced(of: context.push(), request) }
    push.get("log") { _, context in try await log(of: context.push()) }
    push.post("seal") { request, context in
      try await JSONBody.ignore(request)
      let attempt = try await services.attemptSeal(
        context.push(), by: services.actor(of: request, context))
      let sealed = try attempt.get()
      return try await answer(
        sealed, status: attempt.wasSealed ? .ok : .accepted,
        headers: [.location: JSONViews.pushPath(sealed.id)])
    }
    push.post("cancel") { request, context in
      try await JSONBody.ignore(request)
      let actor = try services.actor(of: request, context)
      return try await answer(try await services.cancelPush(context.push(), by: actor))
    }
    push.post("retry") { request, context in
      try await JSONBody.ignore(request)
      let actor = try services.actor(of: request, context)
      return try await answer(try await services.retryPush(context.push(), by: actor), status: .accepted)
    }
  }

  private func open(_ request: Request, by actor: String) async throws -> Response {
    if services.uploads.isDrainingNow {
      throw ProblemError(.draining, detail: "the server is shutting down and takes no new push")
    }
    let fields = try await JSONBody.decode(PushFields.self, from: request, limit: JSONBody.listLimit)
    if let ingest = fields.ingest {
      let push = try await services.ingests.open(ingest, by: actor)
      return try await answer(push, status: .accepted, headers: [.location: JSONViews.pushPath(push.id)])
    }
    let push = try await services.pushes.open(fields.request, by: actor)
    return try await answer(push, status: .created, headers: [.location: JSONViews.pushPath(push.id)])
  }

  private func list(_ request: Request) async throws -> Response {
    let page = try PageRequest(request)
    let before = try page.position { PushID($0) }
    let parameters = request.uri.queryParameters
    let filter = try PushFilterQuery.filter { name in parameters[name[...]].map { String($0) } }
    let (snapshots, next) = try await services.catalog.read { [scheduler = services.scheduler] reader in
      let (rows, next) = try reader.pushes(matching: filter, before: before, limit: page.limit)
      return (try rows.map { try PushSnapshot($0, reader, scheduler) }, next)
    }
    return .list(snapshots.map(JSONViews.push), next: next?.text)
  }

  private func uploads(of id: PushID, _ request: Request) async throws -> Response {
    let page = try PageRequest(request)
    let last = try page.position { UploadID($0) }
    let (uploads, next) = try await services.catalog.read { reader in
      _ = try PushRules.requirePush(id, in: reader)
      // A path may hold anything; the upload that has it makes a plainer cursor.
      let after = try last.map { last in
        guard let upload = try reader.upload(last), upload.push == id else { throw PageRequest.badCursor() }
        return upload.path.text
      }
      let found = try reader.uploads(ofPush: id, after: after, limit: page.limit + 1)
      return page.page(found) { $0.id.text }
    }
    var items: [JSONValue] = []
    for upload in uploads {
      guard upload.state.isOpen else {
        let offset = upload.state.isFinished ? upload.length ?? 0 : 0
        items.append(JSONViews.upload(upload, offset: offset))
        continue
      }
      let (current, offset) = try await services.uploads.status(upload.id)
      items.append(JSONViews.upload(current, offset: offset))
    }
    return .list(items, next: next)
  }

  /// The files that were left out for others at their paths.
  private func replaced(of id: PushID, _ request: Request) async throws -> Response {
    let page = try PageRequest(request)
    let after = try page.position { Int64(digits: $0) } ?? 0
    let (files, next) = try await services.catalog.read { reader in
      _ = try PushRules.requirePush(id, in: reader)
      let found = try reader.supersededFiles(ofPush: id, after: after, limit: page.limit + 1)
      return page.page(found) { String($0.number) }
    }
    return .list(files.map(JSONViews.superseded), next: next)
  }

  private func log(of id: PushID) async throws -> Response {
    let snapshot = try await snapshot(try await record(id))
    let name = "push-\(id).log"
    let headers: HTTPFields = [
      .contentType: SafeMediaType.of(name),
      .contentDisposition: ContentDisposition.attachment.value(name: name),
      .cacheControl: "no-store",
      .contentSecurityPolicy: "sandbox; default-src 'none'",
    ]
    let text = PushHistory.text(
      snapshot, written: try await services.logs.read(id), now: services.clock.now())
    return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: text)))
  }

  private func record(_ id: PushID) async throws -> PushRecord {
    try await services.catalog.read { try PushRules.requirePush(id, in: $0) }
  }

  private func answer(
    _ push: PushRecord, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
  ) async throws -> Response {
    .json(JSONViews.push(try await snapshot(push)), status: status, headers: headers)
  }

  private func snapshot(_ push: PushRecord) async throws -> PushSnapshot {
    try await services.catalog.read { [scheduler = services.scheduler] in
      try PushSnapshot(push, $0, scheduler)
    }
  }
}

extension GatewayContext {
  fileprivate func push() throws -> PushID { try identifier("id", of: "push") }
}
