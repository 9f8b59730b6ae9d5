import Catalog
import Foundation
import GRDB
import Vocabulary

extension SQLiteTransaction {
  func scrub() throws -> ScrubRecord {
    let record = try one(
      "SELECT startedAt, finishedAt, cursor, checkedObjects, checkedBytes FROM scrub WHERE id = 1", []
    ) { row in
      ScrubRecord(
        startedAt: row.optionalTime(), finishedAt: row.optionalTime(), cursor: try row.optionalDigest(),
        checkedObjects: row.integer(), checkedBytes: row.integer())
    }
    return record ?? ScrubRecord()
  }

  func save(_ scrub: ScrubRecord) throws {
    try run(
      """
      UPDATE scrub SET startedAt = ?, finishedAt = ?, cursor = ?, checkedObjects = ?, checkedBytes = ?
      WHERE id = 1
      """,
      [
        scrub.startedAt?.milliseconds, scrub.finishedAt?.milliseconds, scrub.cursor?.data,
        scrub.checkedObjects, scrub.checkedBytes,
      ])
  }

  func scrubFindings(after digest: Digest?, limit: Int) throws -> [ScrubFinding] {
    try all(
      "SELECT digest, reason, at FROM scrubFindings WHERE digest > ? ORDER BY digest LIMIT ?",
      [digest?.data ?? Data(), bounded(limit)]
    ) { ScrubFinding(digest: try $0.digest(), reason: $0.text(), at: $0.time()) }
  }

  func scrubFinding(of digest: Digest) throws -> ScrubFinding? {
    try one("SELECT digest, reason, at FROM scrubFindings WHERE digest = ?", [digest.data]) {
      ScrubFinding(digest: try $0.digest(), reason: $0.text(), at: $0.time())
    }
  }

  func save(_ finding: ScrubFinding) throws {
    try run(
      """
      INSERT INTO scrubFindings (digest, reason, at) VALUES (?, ?, ?)
      ON CONFLICT (digest) DO UPDATE SET reason = excluded.reason, at = excluded.at
      """, [finding.digest.data, try storable(finding.reason), finding.at.milliseconds])
  }

  func removeScrubFinding(of digest: Digest) throws {
    try run("DELETE FROM scrubFindings WHERE digest = ?", [digest.data])
  }
}
