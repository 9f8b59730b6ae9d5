import Bundles
import Catalog
import HTTPTypes
import Hummingbird
import Vocabulary

/// What the forms of the pages of repos and bundles do; each ends with the page to show.
enum RepoAction: String, CaseIterable {
  case change, rename, delete
  case setLabel = "set-label"
  case removeLabel = "remove-label"
  case deleteBundle = "delete-bundle"

  /// - Throws: `ProblemError`, as the same call of the API.
  func run(
    _ services: GatewayServices, _ form: PageForm, on repo: RepoName, by actor: String
  ) async throws -> String {
    switch self {
    case .change:
      let change = RepoChange(
        description: form["description"],
        retention: RetentionPolicy(
          latest: try form.number("keepLatest").map { Int($0) },
          ageSeconds: try RetentionDays.seconds(form["keepDays"])))
      return PageLinks.repo(try await services.repos.change(repo, change, by: actor).name)
    case .rename:
      let change = RepoChange(name: try RepoName(form["name"]))
      return PageLinks.repo(try await services.repos.change(repo, change, by: actor).name)
    case .delete:
      try Self.confirm(form["confirmation"], repo.text, "repo")
      try await services.repos.delete(repo, by: actor)
      return PageLinks.repos
    case .setLabel:
      let label = try LabelName(form["label"])
      let bundle = try await services.labels.set(label, of: repo, to: form["bundle"], by: actor).bundle
      return PageLinks.bundle(repo, bundle.id.text)
    case .removeLabel:
      try await services.labels.remove(try LabelName(form["label"]), of: repo, by: actor)
      return form["bundle"].isEmpty ? PageLinks.repo(repo) : PageLinks.bundle(repo, form["bundle"])
    case .deleteBundle:
      try Self.confirm(form["confirmation"], form["sequence"], "number of the bundle")
      _ = try await services.repos.deleteBundle(form["bundle"], of: repo, by: actor)
      return PageLinks.repo(repo)
    }
  }

  /// What cannot be taken back is named again by hand.
  private static func confirm(_ given: String, _ wanted: String, _ what: String) throws(ProblemError) {
    guard given == wanted else {
      throw ProblemError(
        .badRequest, detail: "nothing was deleted: the \(what) is \(quoted(wanted)), not \(quoted(given))",
        members: ["field": .text("confirmation")])
    }
  }
}
