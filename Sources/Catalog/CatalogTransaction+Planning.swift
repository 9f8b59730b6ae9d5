import Vocabulary

extension CatalogTransaction {
  /// Plans to write down what no bundle tells of the repo: after every change of its name, text, rules or labels.
  package func planDescription(of name: RepoName) throws {
    guard let repo = try repo(name) else { return }
    try plan(.describeRepo, repo.folder.text)
  }
}
