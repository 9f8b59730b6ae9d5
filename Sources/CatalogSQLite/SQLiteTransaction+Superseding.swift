import Catalog
import GRDB
import Vocabulary

/// Several uploads of a push with one path.
extension SQLiteTransaction {
  func contendingUploads(ofPush id: PushID, at path: BundlePath, limit: Int) throws -> [UploadID] {
    try all(
      "SELECT id FROM uploads WHERE push = ? AND path = ? AND \(Self.isContending) ORDER BY id LIMIT ?",
      [id.text, path.text, bounded(limit)]
    ) { try $0.id() }
  }

  func setContending(_ isContending: Bool, _ id: UploadID) throws {
    try replace(
      in: "uploads", key: id.text, "UPDATE uploads SET contends = ? WHERE id = ?",
      [isContending ? 1 : nil, id.text])
  }

  func insert(_ file: SupersededFile, of push: PushID) throws {
    try run(
      """
      INSERT INTO supersededFiles (push, number, path, digest, size, upload, supersededBy, at)
      VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM supersededFiles WHERE push = ?1), ?2, ?3, ?4, ?5, ?6, ?7)
      """,
      [
        push.text, file.path.text, file.digest.data, file.size, file.upload.text, file.by.text,
        file.at.milliseconds,
      ])
  }

  /// Numbers are dense.
  func supersededCount(ofPush id: PushID) throws -> Int64 {
    try one(
      "SELECT coalesce(max(number), 0) FROM supersededFiles WHERE push = ?", [id.text]
    ) { $0.integer() } ?? 0
  }

  func supersededFiles(ofPush id: PushID, after number: Int64, limit: Int) throws -> [SupersededFile] {
    try all(
      """
      SELECT number, path, digest, size, upload, supersededBy, at FROM supersededFiles
      WHERE push = ? AND number > ? ORDER BY number LIMIT ?
      """, [id.text, number, bounded(limit)]
    ) { row in
      SupersededFile(
        number: row.integer(), path: try row.path(), digest: try row.digest(), size: row.integer(),
        upload: try row.id(), by: try row.id(), at: row.time())
    }
  }

  /// The condition of the index `uploadsContending`.
  static let isContending = "contends = 1 AND state IN ('created', 'receiving', 'received')"
}
