import Catalog
import GRDB
import Vocabulary

/// What a repo has, as an index that is filled from manifests.
extension SQLiteTransaction {
  func unindexedBundles(after repo: RepoName?, limit: Int) throws -> [UnindexedBundle] {
    try all(
      """
      SELECT \(Self.unindexedColumns) FROM repos CROSS JOIN bundles
      ON bundles.repo = repos.name AND bundles.sequence = (\(Self.nextSequence))
      WHERE repos.indexedSequence < repos.lastSequence AND repos.name > ? ORDER BY repos.name LIMIT ?
      """, [repo?.text ?? "", bounded(limit)], Self.unindexed)
  }

  func unindexedBundle(of repo: RepoName) throws -> UnindexedBundle? {
    try one(
      """
      SELECT \(Self.unindexedColumns) FROM repos CROSS JOIN bundles
      ON bundles.repo = repos.name AND bundles.sequence = (\(Self.nextSequence))
      WHERE repos.name = ?
      """, [repo.text], Self.unindexed)
  }

  func repoObjects(of repo: RepoName, among digests: [Digest]) throws -> [Digest: Int64] {
    var sizes: [Digest: Int64] = [:]
    for digest in digests {
      sizes[digest] = try one(
        "SELECT size FROM repoObjects WHERE repo = ? AND digest = ?", [repo.text, digest.data]
      ) { $0.integer() }
    }
    return sizes
  }

  func addObjects(
    _ objects: [RepoObject], of unindexed: UnindexedBundle, isLast: Bool
  ) throws -> Bool {
    // By the bundle's id: the repo may have been renamed since.
    let found = try one(
      """
      SELECT repos.name FROM bundles CROSS JOIN repos ON repos.name = bundles.repo
      WHERE bundles.id = ? AND repos.indexGeneration = ?
      """, [unindexed.bundle.id.text, unindexed.generation]
    ) { $0.text() }
    guard let repo = found else { return false }
    var added: Int64 = 0
    for object in objects {
      try run(
        "INSERT INTO repoObjects (repo, digest, size) VALUES (?, ?, ?) ON CONFLICT (repo, digest) DO NOTHING",
        [repo, object.digest.data, object.size])
      if db.changesCount > 0 { added += object.size }
    }
    try run(
      """
      UPDATE repos SET objectBytes = objectBytes + ?, indexedSequence = max(indexedSequence, ?) WHERE name = ?
      """, [added, isLast ? unindexed.bundle.sequence : 0, repo])
    return true
  }

  private static let nextSequence = """
    SELECT min(next.sequence) FROM bundles AS next
    WHERE next.repo = repos.name AND next.sequence > repos.indexedSequence
    """
  private static let unindexedColumns = "\(bundleColumns), repos.indexGeneration"

  private static func unindexed(_ row: inout RowReader) throws -> UnindexedBundle {
    UnindexedBundle(bundle: try bundle(&row), generation: row.integer())
  }
}
