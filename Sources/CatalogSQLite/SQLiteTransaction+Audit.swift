import Catalog
import Foundation
import GRDB
import Vocabulary

extension SQLiteTransaction {
  func packedObjects(after digest: Digest?, limit: Int) throws -> [PackedObject] {
    try all(
      "SELECT digest, pack, offset, length FROM packedObjects WHERE digest > ? ORDER BY digest LIMIT ?",
      [digest?.data ?? Data(), bounded(limit)]
    ) { row in
      PackedObject(
        digest: try row.digest(),
        extent: Extent(pack: try row.id(), offset: row.integer(), length: row.integer()))
    }
  }

  func labels(after label: LabelRecord?, limit: Int) throws -> [LabelRecord] {
    try all(
      "SELECT repo, label, bundle FROM labels WHERE (repo, label) > (?, ?) ORDER BY repo, label LIMIT ?",
      [label?.repo.text ?? "", label?.label.text ?? "", bounded(limit)]
    ) { LabelRecord(repo: try $0.repo(), label: try $0.label(), bundle: try $0.id()) }
  }

  func countedProgress(of push: PushID) throws -> PushProgress {
    let rejected = try one(
      "SELECT count(*) FROM uploads WHERE push = ? AND push IS NOT NULL AND state = 'rejected'", [push.text]
    ) { $0.integer() }
    let contending = try one(
      "SELECT count(*), coalesce(sum((state = 'received') * coalesce(length, 0)), 0) FROM uploads WHERE push = ? AND \(Self.isContending)",
      [push.text]
    ) { (count: $0.integer(), bytes: $0.integer()) }
    let progress = try one(
      """
      SELECT count(*), coalesce(sum(state IN ('verified', 'committed')), 0),
        coalesce(sum((state IN ('received', 'verified', 'committed')) * coalesce(length, 0)), 0)
      FROM uploads WHERE push = ? AND push IS NOT NULL AND \(Self.occupiesPath)
      """, [push.text]
    ) { row in
      PushProgress(
        total: row.integer() + (rejected ?? 0) + (contending?.count ?? 0), verified: row.integer(),
        rejected: rejected ?? 0,
        finishedBytes: row.integer() + (contending?.bytes ?? 0))
    }
    return progress ?? PushProgress(total: 0, verified: 0, rejected: 0, finishedBytes: 0)
  }

  func miscountedFiles(ofPush id: PushID, limit: Int) throws -> [String] {
    try all(
      """
      SELECT path FROM expectedFiles AS expected WHERE push = ?1 AND uploads <> (
        SELECT count(*) FROM uploads WHERE push = ?1 AND path = expected.path AND \(Self.occupiesPath)
      ) + (
        SELECT count(*) FROM uploads WHERE push = ?1 AND path = expected.path AND state = 'rejected'
      ) + (
        SELECT count(*) FROM uploads WHERE push = ?1 AND path = expected.path AND \(Self.isContending)
      ) ORDER BY path LIMIT ?2
      """, [id.text, bounded(limit)]
    ) { $0.text() }
  }

  func eventGaps(limit: Int) throws -> [Int64] {
    try all(
      """
      SELECT sequence FROM events AS event WHERE sequence <> 1
        AND NOT EXISTS (SELECT 1 FROM events WHERE sequence = event.sequence - 1)
      ORDER BY sequence LIMIT ?
      """, [bounded(limit)]
    ) { $0.integer() }
  }

  /// A push's status follows from its state, and lists go by it.
  func strayIDs(limit: Int) throws -> [String] {
    let uploads = UploadState.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
    let pushes = PushState.allCases.map { "('\($0.rawValue)', '\($0.status.rawValue)')" }
    return try all(
      """
      SELECT id FROM uploads WHERE state NOT IN (\(uploads))
      UNION ALL
      SELECT id FROM pushes WHERE (state, status) NOT IN (VALUES \(pushes.joined(separator: ", ")))
      LIMIT ?
      """, [bounded(limit)]
    ) { $0.text() }
  }

  /// Two checks of SQLite's: of pages, indexes and constraints, and of references between tables.
  func integrityFlaws(limit: Int) throws -> [String] {
    let count = bounded(limit)
    guard count > 0 else { return [] }
    let flaws = try String.fetchAll(db, sql: "PRAGMA integrity_check(\(count))").filter { $0 != "ok" }
    let dangling = try Row.fetchCursor(db, sql: "PRAGMA foreign_key_check")
    var references: [String] = []
    while references.count < count, let row = try dangling.next() {
      let (table, parent): (String, String) = (row[0], row[2])
      references.append("a row of \(table) refers to a row of \(parent) that is not there")
    }
    return Array((flaws + references).prefix(count))
  }
}
