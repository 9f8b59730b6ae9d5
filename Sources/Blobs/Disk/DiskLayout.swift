import Vocabulary

/// Names of files below the data folder, and nothing else (docs/storage-format.md).
package struct DiskLayout: Sendable {
  package let root: String

  package init(root: String) { self.root = root }

  package var format: String { "\(root)/format" }
  package var lock: String { "\(root)/lock" }
  package var catalog: String { "\(root)/catalog.sqlite" }
  package var partials: String { "\(root)/partial" }
  package var objects: String { "\(root)/objects" }
  package var incoming: String { "\(root)/objects/.incoming" }
  package var packs: String { "\(root)/packs" }
  package var bundles: String { "\(root)/bundles" }
  package var logs: String { "\(root)/logs" }

  /// Spread over 1,024 folders by the id's last characters, which are random.
  func partialFolder(_ id: UploadID) -> String { "\(partials)/\(id.text.suffix(2))" }
  func partial(_ id: UploadID) -> String { "\(partialFolder(id))/\(id)" }
  func objectFolder(_ digest: Digest) -> String { "\(objects)/\(digest.hex.prefix(2))" }
  func object(_ digest: Digest) -> String { "\(objectFolder(digest))/\(digest.hex)" }
  package func pack(_ id: PackID) -> String { "\(packs)/\(id)" }
  func bundleFolder(_ repo: RepoName) -> String { "\(bundles)/\(repo)" }
  package func pushLog(_ id: PushID) -> String { "\(logs)/push-\(id).log" }
}
