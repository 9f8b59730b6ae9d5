import Bundles
import Catalog
import HTTPTypes
import Hummingbird
import Vocabulary

/// Labels below `/api/v1/repos/{repo}/labels`, and their history.
package struct LabelRoutes: Sendable {
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  package func add(to router: Router<GatewayContext>) {
    let repo = router.group("/api/v1/repos/{repo}")
    repo.get("label-moves") { request, context in try await moves(of: nil, request, context) }
    let labels = repo.group("labels")
    labels.get { request, context in try await list(request, context) }
    let label = labels.group("{label}")
    label.get { _, context in
      try await view(of: context.labelName(), in: context.repoName(), status: .ok)
    }
    label.put { request, context in try await set(request, context) }
    label.delete { request, context in try await remove(request, context) }
    label.get("moves") { request, context in
      try await moves(of: context.labelName(), request, context)
    }
  }

  private func list(_ request: Request, _ context: GatewayContext) async throws -> Response {
    let page = try PageRequest(request)
    let repo = try context.repoName()
    let prefix = request.uri.queryParameters["prefix"].map(String.init) ?? ""
    let after = try page.position { text in
      do throws(ProblemError) { return try LabelName(text) } catch { return nil }
    }
    let (items, next) = try await services.catalog.read { reader in
      guard try reader.repo(repo) != nil else { throw Self.noRepo(repo) }
      let found = try reader.labels(ofRepo: repo, prefix: prefix, after: after, limit: page.limit + 1)
      let (rows, next) = page.page(found) { $0.label.text }
      return (try rows.map { JSONViews.label($0, try reader.bundle($0.bundle)) }, next)
    }
    return .list(items, next: next)
  }

  private func view(
    of label: LabelName, in repo: RepoName, status: HTTPResponse.Status
  ) async throws -> Response {
    try await services.catalog.read { reader in
      let bundle = try LabelRegister.bundle(of: repo, label: label, reader)
      let record = LabelRecord(repo: repo, label: label, bundle: bundle.id)
      return .json(
        JSONViews.label(record, bundle), status: status,
        headers: [.location: JSONViews.labelPath(record)])
    }
  }

  private func set(_ request: Request, _ context: GatewayContext) async throws -> Response {
    let actor = try services.actor(of: request, context)
    let (repo, label) = (try context.repoName(), try context.labelName())
    let fields = try await JSONBody.decode(LabelFields.self, from: request)
    let isNew = try await services.labels.set(label, of: repo, to: fields.bundle, by: actor).isNew
    return try await view(of: label, in: repo, status: isNew ? .created : .ok)
  }

  private func remove(_ request: Request, _ context: GatewayContext) async throws -> Response {
    try await JSONBody.ignore(request)
    let actor = try services.actor(of: request, context)
    let (repo, label) = (try context.repoName(), try context.labelName())
    try await services.labels.remove(label, of: repo, by: actor)
    return Response(status: .noContent)
  }

  private func moves(
    of label: LabelName?, _ request: Request, _ context: GatewayContext
  ) async throws -> Response {
    let page = try PageRequest(request)
    let repo = try context.repoName()
    let before = try page.position { Int64(digits: $0) }
    let (moves, next) = try await services.catalog.read { reader in
      guard try reader.repo(repo) != nil else { throw Self.noRepo(repo) }
      let found = try reader.labelMoves(of: repo, label: label, before: before, limit: page.limit + 1)
      return page.page(found) { String($0.sequence) }
    }
    return .list(moves.map(JSONViews.move), next: next)
  }

  private static func noRepo(_ repo: RepoName) -> ProblemError {
    ProblemError(.notFound, detail: "there is no repo \(repo)")
  }
}

extension GatewayContext {
  /// The label in the path.
  ///
  /// - Throws: `ProblemError` with `bad-name`.
  fileprivate func labelName() throws -> LabelName { try LabelName(parameter("label")) }
}
