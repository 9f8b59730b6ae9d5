import Catalog
import GatewayConfiguration
import HTTPTypes
import Hummingbird
import Ingestion
import Platform
import Vocabulary

/// The pages for people: everything below `/ui`, and what browsers load with it.
package struct PageRoutes: Sendable {
  private let services: GatewayServices
  private var templates: PageTemplates
  private let address: PublicAddress

  /// - Throws: when a template does not compile, naming the place.
  package init(services: GatewayServices) throws {
    self.services = services
    templates = try PageTemplates.embedded.get()
    templates.hasSources = !services.ingests.sources.isEmpty
    address = PublicAddress(
      configured: services.settings.publicURL, trustedProxies: services.settings.trustedProxies)
  }

  package func add(to router: Router<GatewayContext>) {
    ClientAssets().add(to: router)
    for path in ["/", "/ui"] as [RouterPath] {
      get(path, router) { _, _ in
        Response(status: .found, headers: [.location: PageLinks.upload, .cacheControl: "no-cache"])
      }
    }
    addUploadAndStatus(to: router)
    addPushes(to: router)
    addRepos(to: router)
    addSources(to: router)
  }

  private func addSources(to router: Router<GatewayContext>) {
    get("/ui/sources", router) { _, _ in
      guard templates.hasSources else {
        throw ProblemError(.notFound, detail: "this server has no sources")
      }
      return Response.page(try await SourceListPage.load(services).html(templates))
    }
    for path in ["/ui/sources/:name", "/ui/sources/:name/**"] as [RouterPath] {
      get(path, router) { request, context in
        let page = try await SourcePage.load(
          services, request, name: try context.parameter("name"), path: try context.sourcePath())
        return Response.page(page.html(templates, now: now))
      }
    }
    router.post("/ui/sources/:name") { request, context in
      try PageOrigin.check(request.head, address: address, peer: context.peer)
      let form = try await SourceForm(request)
      let push = try await services.ingests.open(
        form.request(source: try context.parameter("name")), by: services.actor(of: request, context))
      return Response(status: .seeOther, headers: [.location: PageLinks.push(push.id)])
    }
  }

  /// GET, and HEAD with the same answer but its content.
  private func get(
    _ path: RouterPath, _ router: Router<GatewayContext>,
    _ answer: @escaping @Sendable (Request, GatewayContext) async throws -> Response
  ) {
    router.get(path, use: answer)
    router.head(path) { try await answer($0, $1).createHeadResponse() }
  }

  private func addUploadAndStatus(to router: Router<GatewayContext>) {
    get("/ui/upload", router) { request, context in
      Response.page(
        try await UploadPage.load(services, request, address: shownAddress(request, context))
          .html(templates))
    }
    get("/ui/status", router) { _, _ in
      Response.page(try await StatusPage.load(services).html(templates, now: now))
    }
  }

  private func addPushes(to router: Router<GatewayContext>) {
    get("/ui/pushes", router) { request, _ in
      Response.page(try await PushListPage.load(services, request).html(templates, now: now))
    }
    get("/ui/pushes/:id", router) { request, context in
      let id: PushID = try context.identifier("id", of: "push")
      return Response.page(
        try await PushPage.load(services, request, id: id).html(templates, now: now))
    }
    for action in PushAction.allCases {
      router.post(RouterPath("/ui/pushes/:id/\(action.rawValue)")) { request, context in
        try PageOrigin.check(request.head, address: address, peer: context.peer)
        let id: PushID = try context.identifier("id", of: "push")
        try await action.run(services, on: id, by: services.actor(of: request, context))
        return Response(status: .seeOther, headers: [.location: PageLinks.push(id)])
      }
    }
  }

  private func addRepos(to router: Router<GatewayContext>) {
    get("/ui/repos", router) { request, _ in
      Response.page(try await RepoListPage.load(services, request).html(templates, now: now))
    }
    get("/ui/repos/:repo", router) { request, context in
      let name = try context.repoName()
      return Response.page(
        try await RepoPage.load(services, request, name: name, address: shownAddress(request, context))
          .html(templates, now: now))
    }
    for action in RepoAction.allCases {
      router.post(RouterPath("/ui/repos/:repo/\(action.rawValue)")) { request, context in
        try PageOrigin.check(request.head, address: address, peer: context.peer)
        let page = try await action.run(
          services, PageForm.read(request), on: context.repoName(),
          by: services.actor(of: request, context))
        return Response(status: .seeOther, headers: [.location: page])
      }
    }
    get("/ui/repos/:repo/bundles/:ref", router) { request, context in
      let page = try await BundlePage.load(
        services, request, repo: try context.repoName(), reference: try context.parameter("ref"),
        address: shownAddress(request, context))
      return Response.page(page.html(templates, now: now))
    }
    addBrowsing(to: router)
  }

  private func addBrowsing(to router: Router<GatewayContext>) {
    get("/ui/repos/:repo/bundles/:ref/tree", router) { request, context in
      let page = try await TreePage.load(services, request, context, folder: nil)
      return Response.page(page.html(templates, now: now))
    }
    get("/ui/repos/:repo/bundles/:ref/tree/**", router) { request, context in
      let page = try await TreePage.load(services, request, context, folder: context.folderPath())
      return Response.page(page.html(templates, now: now))
    }
    get("/ui/repos/:repo/bundles/:ref/diff/:other", router) { request, context in
      let page = try await DiffPage.load(services, request, context)
      return Response.page(page.html(templates))
    }
  }

  private var now: Timestamp { services.clock.now() }

  /// The address for command lines: how this client reached the server, or where it listens when that is not certain.
  private func shownAddress(_ request: Request, _ context: GatewayContext) -> String {
    address.origin(
      authority: request.head.authority, headers: request.headers, peer: context.peer,
      isSecure: request.head.scheme == "https")
      ?? "http://localhost:\(services.settings.port)"
  }
}
