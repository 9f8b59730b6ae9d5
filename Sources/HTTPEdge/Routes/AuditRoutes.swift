import Catalog
import Hummingbird
import Vocabulary

/// `/api/v1/audit`: every change that somebody asked for, with who, newest first.
package struct AuditRoutes: Sendable {
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  package func add(to router: Router<GatewayContext>) {
    router.get("/api/v1/audit") { request, _ in try await list(request) }
  }

  private func list(_ request: Request) async throws -> Response {
    let page = try PageRequest(request)
    let before = try page.position { Int64(digits: $0) }
    let repo = try request.uri.queryParameters["repo"].map { try RepoName(String($0)) }
    let found = try await services.catalog.read {
      try $0.auditedEvents(repo: repo, before: before, limit: page.limit + 1)
    }
    let (events, next) = page.page(found) { String($0.sequence) }
    return .list(events.map(JSONViews.event), next: next)
  }
}
