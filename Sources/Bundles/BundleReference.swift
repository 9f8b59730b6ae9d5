import Catalog
import Vocabulary

/// How a bundle is named from outside: `latest`, a full id, a label, or a unique id prefix of at least 6 characters.
package enum BundleReference {
  package static let minimumPrefix = 6

  /// Finds the bundle in its repo; a label wins over a prefix.
  ///
  /// - Throws: `ProblemError` with `not-found`, naming the reference, or `bad-request` for an ambiguous prefix.
  package static func resolve(
    _ text: String, in repo: RepoName, _ reader: any CatalogReader
  ) throws -> BundleRecord {
    guard try reader.repo(repo) != nil else {
      throw ProblemError(.notFound, detail: "there is no repo \(repo)")
    }
    if text == "latest" {
      if let bundle = try reader.latestBundle(of: repo) { return bundle }
      throw ProblemError(.notFound, detail: "repo \(repo) has no bundle yet")
    }
    if let id = BundleID(text) {
      if let bundle = try reader.bundle(id), bundle.repo == repo { return bundle }
      if let deleted = try reader.deletedBundle(id), deleted.repo == repo {
        throw ProblemError(
          .notFound,
          detail: "bundle \(id) (\(repo) #\(deleted.sequence)) was deleted at \(deleted.at.rfc3339)")
      }
    }
    if let label = try? LabelName(text), let bundle = try reader.bundle(of: repo, label: label) {
      return bundle
    }
    if text.utf8.count >= minimumPrefix, text.allSatisfy({ $0.isASCII && ($0.isNumber || $0.isLowercase) }) {
      let found = try reader.bundles(of: repo, idPrefix: text, limit: 2)
      if found.count == 1 { return found[0] }
      if found.count == 2 {
        throw ProblemError(
          .badRequest, detail: "\(quoted(text)) is the prefix of several bundles of repo \(repo)")
      }
    }
    throw ProblemError(.notFound, detail: "repo \(repo) has no bundle \(quoted(text))")
  }
}
