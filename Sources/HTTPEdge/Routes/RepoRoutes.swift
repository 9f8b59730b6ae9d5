import Catalog
import HTTPTypes
import Hummingbird
import Platform
import Vocabulary

/// Repos below `/api/v1/repos`; what is in them is of `BundleRoutes`.
package struct RepoRoutes: Sendable {
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  package func add(to router: Router<GatewayContext>) {
    let repos = router.group("/api/v1/repos")
    repos.get { request, _ in try await list(request) }
    repos.post { request, _ in try await make(request) }
    repos.get("{repo}") { _, context in
      let name = try context.repoName()
      return Response.json(try await services.catalog.read { try Self.view(of: name, $0) })
    }
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
  private func make(_ request: Request) async throws -> Response {
    let fields = try await JSONBody.decode(RepoFields.self, from: request)
    let now = services.clock.now()
    let (isNew, view) = try await services.catalog.write { transaction in
      let isNew = try transaction.repo(fields.name) == nil
      if isNew {
        try transaction.ensureRepo(fields.name, description: fields.description, at: now)
        try transaction.record(
          NewEvent(at: now, kind: .repoCreated, subject: fields.name.text, repo: fields.name))
      }
      return (isNew, try Self.view(of: fields.name, transaction))
    }
    return .json(
      view, status: isNew ? .created : .ok, headers: [.location: JSONViews.repoPath(fields.name)])
  }

  private static func view(of name: RepoName, _ reader: any CatalogReader) throws -> JSONValue {
    guard let repo = try reader.repo(name) else {
      throw ProblemError(.notFound, detail: "there is no repo \(name)")
    }
    return JSONViews.repo(repo, latest: try reader.latestBundle(of: name))
  }
}
