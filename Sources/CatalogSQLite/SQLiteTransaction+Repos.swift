import Catalog
import Foundation
import GRDB
import Vocabulary

extension SQLiteTransaction {
  private static let repoColumns = """
    name, description, createdAt, bundleCount, lastSequence, folder, weight, keepLatest, keepSeconds, \
    indexedSequence, objectBytes
    """
  private static let columns = bundleColumns
  static let bundleColumns = [
    "id", "repo", "sequence", "digest", "message", "label", "author", "push", "fileCount", "byteCount",
    "createdAt", "parents", "contributors",
  ].map { "bundles.\($0)" }.joined(separator: ", ")

  func repo(_ name: RepoName) throws -> RepoRecord? {
    try one("SELECT \(Self.repoColumns) FROM repos WHERE name = ?", [name.text], Self.repo)
  }

  func repos(after name: RepoName?, limit: Int) throws -> [RepoRecord] {
    try all(
      "SELECT \(Self.repoColumns) FROM repos WHERE name > ? ORDER BY name LIMIT ?",
      [name?.text ?? "", bounded(limit)], Self.repo)
  }

  func bundle(_ id: BundleID) throws -> BundleRecord? {
    try one("SELECT \(Self.columns) FROM bundles WHERE id = ?", [id.text], Self.bundle)
  }

  func bundle(repo: RepoName, sequence: Int64) throws -> BundleRecord? {
    try one(
      "SELECT \(Self.columns) FROM bundles WHERE repo = ? AND sequence = ?", [repo.text, sequence],
      Self.bundle)
  }

  func latestBundle(of repo: RepoName) throws -> BundleRecord? {
    try bundles(of: repo, before: nil, limit: 1).first
  }

  func bundles(of repo: RepoName, idPrefix: String, limit: Int) throws -> [BundleRecord] {
    // '~' is greater than any character of an id: from the prefix to there lies exactly what starts with it.
    try all(
      "SELECT \(Self.columns) FROM bundles WHERE repo = ? AND id >= ? AND id < ? ORDER BY id LIMIT ?",
      [repo.text, try storable(idPrefix), idPrefix + "~", bounded(limit)], Self.bundle)
  }

  func bundle(of repo: RepoName, label: LabelName) throws -> BundleRecord? {
    try one(
      """
      SELECT \(Self.columns) FROM labels CROSS JOIN bundles ON bundles.id = labels.bundle
      WHERE labels.repo = ? AND labels.label = ?
      """, [repo.text, label.text], Self.bundle)
  }

  func bundles(of repo: RepoName, before sequence: Int64?, limit: Int) throws -> [BundleRecord] {
    try all(
      "SELECT \(Self.columns) FROM bundles WHERE repo = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?",
      [repo.text, sequence ?? .max, bounded(limit)], Self.bundle)
  }

  /// The folder is named as the repo, unless a repo that was called so has it or left files in it.
  func ensureRepo(_ name: RepoName, description: String?, at now: Timestamp) throws {
    guard try repo(name) == nil else { return }
    try run(
      "INSERT INTO repos (name, description, createdAt, folder) VALUES (?, ?, ?, ?)",
      [name.text, try storable(description), now.milliseconds, try freeFolder(name).text])
  }

  private func freeFolder(_ name: RepoName) throws -> RepoName {
    var folder = name
    var number = 1
    while try repo(folder: folder) != nil || isToBeCleared(folder) {
      number += 1
      folder = try RepoName("\(name.text.prefix(54))-\(number)")
    }
    return folder
  }

  private func isToBeCleared(_ folder: RepoName) throws -> Bool {
    try one(
      "SELECT 1 FROM plannedSteps WHERE kind = ? AND subject = ?",
      [PlannedStep.Kind.removeFolder.rawValue, folder.text]
    ) { _ in true } ?? false
  }

  func repo(folder: RepoName) throws -> RepoRecord? {
    try one("SELECT \(Self.repoColumns) FROM repos WHERE folder = ?", [folder.text], Self.repo)
  }

  func insert(_ bundle: BundleRecord) throws {
    try run(
      """
      INSERT INTO bundles (id, repo, sequence, digest, message, label, author, push, fileCount, byteCount, createdAt,
        parents, contributors)
      VALUES (\(databaseQuestionMarks(count: 13)))
      """,
      [
        bundle.id.text, bundle.repo.text, bundle.sequence, bundle.digest.data, try storable(bundle.message),
        bundle.label?.text, try storable(bundle.author), bundle.push.text, bundle.fileCount, bundle.byteCount,
        bundle.createdAt.milliseconds,
        bundle.parents.isEmpty ? nil : JSONText.list(bundle.parents.map(\.text)),
        bundle.contributors.isEmpty ? nil : try storable(JSONText.list(bundle.contributors)),
      ])
  }

  private static func repo(_ row: inout RowReader) throws -> RepoRecord {
    RepoRecord(
      name: try row.repo(), description: row.optionalText(), createdAt: row.time(),
      bundleCount: row.integer(), lastSequence: row.integer(), folder: try row.repo(),
      weight: Int(row.integer()),
      retention: RetentionPolicy(
        latest: row.optionalInteger().map { Int($0) }, ageSeconds: row.optionalInteger()),
      indexedSequence: row.integer(), objectBytes: row.integer())
  }

  static func bundle(_ row: inout RowReader) throws -> BundleRecord {
    BundleRecord(
      id: try row.id(), repo: try row.repo(), sequence: row.integer(), digest: try row.digest(),
      message: row.text(), label: try row.optionalLabel(), author: row.optionalText(), push: try row.id(),
      fileCount: row.integer(), byteCount: row.integer(), createdAt: row.time(),
      parents: try (row.optionalJSON([String].self) ?? []).compactMap { BundleID($0) },
      contributors: try row.optionalJSON([String].self) ?? [])
  }
}
