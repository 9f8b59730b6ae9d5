import Bundles
import Catalog
import HTTPTypes
import Hummingbird
import Vocabulary

/// Repos below `/api/v1/repos`; what is in them is of `BundleRoutes`.
package struct RepoRoutes: Sendable {
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  package func add(to router: Router<GatewayContext>) {
    let repos = router.group("/api/v1/repos")
    repos.get { request, _ in try await list(request) }
    repos.post { request, context in try await make(request, context) }
    let repo = repos.group("{repo}")
    repo.get { _, context in Response.json(try await view(of: context.repoName())) }
    repo.patch { request, context in try await change(request, context) }
    repo.delete { request, context in try await delete(request, context) }
    repo.post("squash") { request, context in try await squash(request, context) }
    repo.delete("bundles/{ref}") { request, context in try await deleteBundle(request, context) }
  }

  private func list(_ request: Request) async throws -> Response {
    let page = try PageRequest(request)
    let after = try page.position { text in
      do throws(ProblemError) { return try RepoName(text) } catch { return nil }
    }
    let (items, next) = try await services.catalog.read { reader in
      let (rows, next) = page.page(try reader.repos(after: after, limit: page.limit + 1)) { $0.name.text }
      return (try rows.map { JSONViews.repo($0, latest: try reader.latestBundle(of: $0.name)) }, next)
    }
    return .list(items, next: next)
  }

  /// 201 for a new repo; one that is there stays as it is and is answered with 200.
  private func make(_ request: Request, _ context: GatewayContext) async throws -> Response {
    let actor = try services.actor(of: request, context)
    let fields = try await JSONBody.decode(RepoFields.self, from: request)
    let isNew = try await services.repos.create(fields.name, description: fields.description, by: actor).isNew
    return .json(
      try await view(of: fields.name), status: isNew ? .created : .ok,
      headers: [.location: JSONViews.repoPath(fields.name)])
  }

  private func change(_ request: Request, _ context: GatewayContext) async throws -> Response {
    let actor = try services.actor(of: request, context)
    let name = try context.repoName()
    let fields = try await JSONBody.decode(RepoChangeFields.self, from: request)
    let repo = try await services.repos.change(name, fields.change, by: actor)
    return .json(
      try await view(of: repo.name), headers: [.location: JSONViews.repoPath(repo.name)])
  }

  private func delete(_ request: Request, _ context: GatewayContext) async throws -> Response {
    try await JSONBody.ignore(request)
    try await services.repos.delete(context.repoName(), by: services.actor(of: request, context))
    return Response(status: .noContent)
  }

  private func deleteBundle(_ request: Request, _ context: GatewayContext) async throws -> Response {
    try await JSONBody.ignore(request)
    let reference = try context.parameter("ref")
    // DELETE may be sent again by whoever lost the answer (RFC 9110 §9.2.2): "latest" would then be another bundle.
    guard BundleID(reference) != nil else {
      throw ProblemError(
        .badRequest, detail: "bundle \(quoted(reference)) must be named by its whole id to be deleted",
        members: ["field": .text("ref")])
    }
    _ = try await services.repos.deleteBundle(
      reference, of: context.repoName(), by: services.actor(of: request, context))
    return Response(status: .noContent)
  }

  private func squash(_ request: Request, _ context: GatewayContext) async throws -> Response {
    let actor = try services.actor(of: request, context)
    let name = try context.repoName()
    let fields = try await JSONBody.decode(SquashFields.self, from: request)
    let bundles = try await services.squash.run(name, fields.policy, isDryRun: fields.isDryRun, by: actor)
    return .json([
      "dryRun": .bool(fields.isDryRun),
      "bundles": .array(bundles.map { JSONViews.bundle($0, labels: []) }),
      "isComplete": .bool(bundles.count < Squash.batchCount),
    ])
  }

  private func view(of name: RepoName) async throws -> JSONValue {
    try await services.catalog.read { reader in
      guard let repo = try reader.repo(name) else {
        throw ProblemError(.notFound, detail: "there is no repo \(name)")
      }
      return JSONViews.repo(repo, latest: try reader.latestBundle(of: name))
    }
  }
}
