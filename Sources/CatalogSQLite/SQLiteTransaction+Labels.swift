import Catalog
import GRDB
import Vocabulary

extension SQLiteTransaction {
  /// In the order of their names.
  func labels(of bundle: BundleID) throws -> [LabelName] {
    try all("SELECT label FROM labels WHERE bundle = ? ORDER BY label", [bundle.text]) { try $0.label() }
  }

  func labels(
    ofRepo repo: RepoName, prefix: String, after label: LabelName?, limit: Int
  ) throws -> [LabelRecord] {
    // '~' is greater than any character of a label.
    try all(
      """
      SELECT repo, label, bundle FROM labels WHERE repo = ? AND label > ? AND label >= ? AND label < ?
      ORDER BY label LIMIT ?
      """, [repo.text, label?.text ?? "", try storable(prefix), prefix + "~", bounded(limit)]
    ) { LabelRecord(repo: try $0.repo(), label: try $0.label(), bundle: try $0.id()) }
  }

  func labelMoves(
    of repo: RepoName, label: LabelName?, before sequence: Int64?, limit: Int
  ) throws -> [LabelMove] {
    let condition = label == nil ? "" : "AND label = ? "
    var arguments: SQLArguments = [repo.text]
    if let label { arguments += [label.text] }
    return try all(
      """
      SELECT sequence, label, bundle, author, at FROM labelHistory WHERE repo = ? \(condition)AND sequence < ?
      ORDER BY sequence DESC LIMIT ?
      """, arguments + [sequence ?? .max, bounded(limit)]
    ) { row in
      LabelMove(
        sequence: row.integer(), label: try row.label(), bundle: try row.optionalID(),
        author: row.optionalText(), at: row.time())
    }
  }

  func moveLabel(
    _ label: LabelName, of repo: RepoName, to bundle: BundleID, by author: String?, at now: Timestamp
  ) throws {
    try run(
      """
      INSERT INTO labels (repo, label, bundle) VALUES (?, ?, ?)
      ON CONFLICT (repo, label) DO UPDATE SET bundle = excluded.bundle
      """, [repo.text, label.text, bundle.text])
    try appendMove(of: label, of: repo, to: bundle, by: author, at: now)
  }

  func removeLabel(_ label: LabelName, of repo: RepoName, by author: String?, at now: Timestamp) throws {
    try run("DELETE FROM labels WHERE repo = ? AND label = ?", [repo.text, label.text])
    try appendMove(of: label, of: repo, to: nil, by: author, at: now)
  }

  private func appendMove(
    of label: LabelName, of repo: RepoName, to bundle: BundleID?, by author: String?, at now: Timestamp
  ) throws {
    try run(
      "INSERT INTO labelHistory (repo, label, bundle, author, at) VALUES (?, ?, ?, ?, ?)",
      [repo.text, label.text, bundle?.text, try storable(author), now.milliseconds])
  }
}
