import Catalog
import Hummingbird
import Vocabulary

/// `/ui/upload`: files and folders into a bundle. The work is done by the browser client; without scripts the page
/// tells other ways.
package struct UploadPage: Sendable {
  private static let repoLimit = 200

  private let repos: [RepoName]
  private let repo: RepoName?
  private let address: String

  /// - Parameter repo: chosen from the start.
  package init(repos: [RepoName], repo: RepoName? = nil, address: String) {
    self.repos = repos
    self.repo = repo
    self.address = address
  }

  static func load(
    _ services: GatewayServices, _ request: Request, address: String
  ) async throws -> UploadPage {
    let repos = try await services.catalog.read { try $0.repos(after: nil, limit: repoLimit).map(\.name) }
    let repo = PageQuery(request)["repo"].flatMap { try? RepoName($0) }
    return UploadPage(repos: repos, repo: repo, address: address)
  }

  package func html(_ templates: PageTemplates) -> String {
    templates.html(
      "upload", title: "Upload", section: .upload,
      view: [
        "repos": repos.map(\.text), "repoValue": repo?.text ?? "", "commands": PageCommands.upload(address),
      ])
  }
}
