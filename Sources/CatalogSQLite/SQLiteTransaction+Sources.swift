import Catalog
import Foundation
import GRDB
import Vocabulary

/// Pushes that take their files from a folder of this machine.
extension SQLiteTransaction {
  func openSourcePushes(limit: Int) throws -> [PushRecord] {
    try all(
      """
      SELECT id FROM pushes INDEXED BY pushesOfSources
      WHERE origin = 'source' AND state = 'open' AND id > '' ORDER BY id LIMIT ?
      """,
      [bounded(limit)]
    ) { try $0.id() as PushID }.compactMap { try push($0) }
  }

  func absentFiles(ofPush id: PushID, limit: Int) throws -> [ExpectedFile] {
    try all(
      """
      SELECT path, size, digest FROM expectedFiles INDEXED BY expectedFilesAbsent
      WHERE push = ? AND uploads = 0 ORDER BY path LIMIT ?
      """, [id.text, bounded(limit)]
    ) { ExpectedFile(path: try $0.path(), size: $0.integer(), digest: try $0.optionalDigest()) }
  }

  func expectedTotals(ofPush id: PushID) throws -> (count: Int64, bytes: Int64) {
    let totals = try one(
      "SELECT count(*), coalesce(sum(size), 0) FROM expectedFiles WHERE push = ?", [id.text]
    ) { (count: $0.integer(), bytes: $0.integer()) }
    return totals ?? (0, 0)
  }

  func selectedPaths(ofPush id: PushID, after path: String?, limit: Int) throws -> [BundlePath] {
    try all(
      "SELECT path FROM selectedPaths WHERE push = ? AND path > ? ORDER BY path LIMIT ?",
      [id.text, path ?? "", bounded(limit)]
    ) { try $0.path() }
  }

  func select(_ paths: [BundlePath], ofPush id: PushID) throws {
    for path in paths {
      try run("INSERT OR IGNORE INTO selectedPaths (push, path) VALUES (?, ?)", [id.text, path.text])
    }
  }

  func expect(_ files: [ExpectedFile], ofPush id: PushID) throws {
    for file in files {
      try run(
        "INSERT OR IGNORE INTO expectedFiles (push, path, size, digest) VALUES (?, ?, ?, ?)",
        [id.text, file.path.text, file.size, file.digest?.data])
    }
  }

  func setExpectedSize(_ size: Int64, ofPush id: PushID, at path: BundlePath) throws {
    try run(
      "UPDATE expectedFiles SET size = ? WHERE push = ? AND path = ?", [size, id.text, path.text])
  }

  func forgetExpected(ofPush id: PushID, limit: Int) throws -> Int {
    try run(
      """
      DELETE FROM expectedFiles WHERE push = ?1 AND path IN (
        SELECT path FROM expectedFiles WHERE push = ?1 ORDER BY path LIMIT ?2
      )
      """, [id.text, bounded(limit)])
    return db.changesCount
  }
}
