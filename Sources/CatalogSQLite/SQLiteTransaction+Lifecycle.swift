import Catalog
import GRDB
import Vocabulary

/// Changing and forgetting repos and bundles, and what is then left to do in storage.
extension SQLiteTransaction {
  func insert(_ repo: RepoRecord) throws {
    try run(
      "INSERT INTO repos (name, createdAt, lastSequence, folder) VALUES (?, ?, ?, ?)",
      [repo.name.text, repo.createdAt.milliseconds, repo.lastSequence, repo.folder.text])
    try update(repo)
  }

  func update(_ repo: RepoRecord) throws {
    try replace(
      in: "repos", key: repo.name.text,
      "UPDATE repos SET description = ?, weight = ?, keepLatest = ?, keepSeconds = ? WHERE name = ?",
      [
        try storable(repo.description), repo.weight, repo.retention.latest, repo.retention.ageSeconds,
        repo.name.text,
      ])
  }

  func renameRepo(_ name: RepoName, to newName: RepoName) throws {
    // Bundles and labels refer to the name: the references are checked when all of them have changed.
    try run("PRAGMA defer_foreign_keys = ON", [])
    try replace(
      in: "repos", key: name.text, "UPDATE repos SET name = ? WHERE name = ?", [newName.text, name.text])
    for table in ["bundles", "deletedBundles", "labels", "labelHistory", "pushes", "repoObjects"] {
      try run("UPDATE \(table) SET repo = ? WHERE repo = ?", [newName.text, name.text])
    }
    try run("UPDATE scheduler SET cursor = ? WHERE id = 1 AND cursor = ?", [newName.text, name.text])
  }

  func deleteRepo(_ name: RepoName, by actor: String?, at now: Timestamp) throws {
    try run(
      """
      INSERT INTO deletedBundles (id, repo, sequence, actor, at)
      SELECT id, repo, sequence, ?, ? FROM bundles WHERE repo = ?
      """, [try storable(actor), now.milliseconds, name.text])
    for table in ["labels", "labelHistory", "bundles", "repoObjects"] {
      try run("DELETE FROM \(table) WHERE repo = ?", [name.text])
    }
    try replace(in: "repos", key: name.text, "DELETE FROM repos WHERE name = ?", [name.text])
  }

  func deleteBundle(_ id: BundleID, by actor: String?, at now: Timestamp) throws {
    guard let bundle = try bundle(id) else {
      throw SQLiteCatalogError.noSuchRow(table: "bundles", key: id.text)
    }
    try run("DELETE FROM bundles WHERE id = ?", [id.text])
    try run(
      "INSERT INTO deletedBundles (id, repo, sequence, actor, at) VALUES (?, ?, ?, ?, ?)",
      [id.text, bundle.repo.text, bundle.sequence, try storable(actor), now.milliseconds])
    // What the others still have is not known without their manifests: the index is made anew.
    try run("DELETE FROM repoObjects WHERE repo = ?", [bundle.repo.text])
    try run(
      "UPDATE repos SET indexedSequence = 0, objectBytes = 0 WHERE name = ?", [bundle.repo.text])
  }

  func deletedBundle(_ id: BundleID) throws -> DeletedBundle? {
    try one(
      "SELECT \(Self.deletedColumns) FROM deletedBundles WHERE id = ?", [id.text], Self.deletedBundle)
  }

  func deletedBundles(
    of repo: RepoName, before sequence: Int64?, limit: Int
  ) throws -> [DeletedBundle] {
    try all(
      """
      SELECT \(Self.deletedColumns) FROM deletedBundles WHERE repo = ? AND sequence < ?
      ORDER BY sequence DESC LIMIT ?
      """, [repo.text, sequence ?? .max, bounded(limit)], Self.deletedBundle)
  }

  private static let deletedColumns = "id, repo, sequence, actor, at"

  private static func deletedBundle(_ row: inout RowReader) throws -> DeletedBundle {
    DeletedBundle(
      id: try row.id(), repo: try row.repo(), sequence: row.integer(), actor: row.optionalText(),
      at: row.time())
  }

  func plannedSteps(after sequence: Int64, limit: Int) throws -> [PlannedStep] {
    try all(
      "SELECT sequence, kind, subject FROM plannedSteps WHERE sequence > ? ORDER BY sequence LIMIT ?",
      [sequence, bounded(limit)]
    ) { PlannedStep(sequence: $0.integer(), kind: try $0.word(), subject: $0.text()) }
  }

  func plan(_ kind: PlannedStep.Kind, _ subject: String) throws {
    // A step that is asked for again is done after what was planned in between.
    try run("DELETE FROM plannedSteps WHERE kind = ? AND subject = ?", [kind.rawValue, subject])
    try run(
      "INSERT INTO plannedSteps (kind, subject) VALUES (?, ?)", [kind.rawValue, try storable(subject)])
  }

  func finish(_ step: PlannedStep) throws {
    try run("DELETE FROM plannedSteps WHERE sequence = ?", [step.sequence])
  }
}
