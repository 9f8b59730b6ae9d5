import Catalog
import GRDB
import Vocabulary

extension SQLiteTransaction {
  private static let columns = "sequence, at, kind, subject, repo, details, actor"

  func events(after sequence: Int64, limit: Int) throws -> [EventRecord] {
    try all(
      "SELECT \(Self.columns) FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?",
      [sequence, bounded(limit)], Self.event)
  }

  func lastEventSequence() throws -> Int64 {
    try one("SELECT coalesce(max(sequence), 0) FROM events", []) { $0.integer() } ?? 0
  }

  /// One query per kind: each then walks its own range of an index, newest first.
  func recentEvents(kinds: Set<EventKind>, limit: Int) throws -> [EventRecord] {
    let pages = try kinds.map { kind in
      try all(
        "SELECT \(Self.columns) FROM events WHERE kind = ? ORDER BY sequence DESC LIMIT ?",
        [kind.rawValue, bounded(limit)], Self.event)
    }
    return Array(pages.joined().sorted { $0.sequence > $1.sequence }.prefix(bounded(limit)))
  }

  func auditedEvents(repo: RepoName?, before sequence: Int64?, limit: Int) throws -> [EventRecord] {
    let condition = repo == nil ? "" : "AND repo = ? "
    var arguments: SQLArguments = [sequence ?? .max]
    if let repo { arguments += [repo.text] }
    return try all(
      """
      SELECT \(Self.columns) FROM events WHERE actor IS NOT NULL AND sequence < ? \(condition)
      ORDER BY sequence DESC LIMIT ?
      """, arguments + [bounded(limit)], Self.event)
  }

  func schedulerCursor() throws -> RepoName? {
    try one("SELECT cursor FROM scheduler WHERE id = 1", []) { try $0.optionalRepo() } ?? nil
  }

  /// Only one transaction writes at a time, and one that fails takes its numbers back: there are no gaps.
  func record(_ event: NewEvent) throws {
    try run(
      """
      INSERT INTO events (sequence, at, kind, subject, repo, details, actor)
      VALUES ((SELECT coalesce(max(sequence), 0) + 1 FROM events), ?, ?, ?, ?, ?, ?)
      """,
      [
        event.at.milliseconds, event.kind.rawValue, try storable(event.subject), event.repo?.text,
        event.details.isEmpty ? nil : JSONText.object(event.details), try storable(event.actor),
      ])
  }

  func setSchedulerCursor(_ repo: RepoName) throws {
    try run("UPDATE scheduler SET cursor = ? WHERE id = 1", [repo.text])
  }

  func schedulerRound() throws -> SchedulerRound {
    try one("SELECT round, roundStarts, cursor FROM scheduler WHERE id = 1", []) {
      SchedulerRound(number: $0.integer(), starts: Int($0.integer()), cursor: try $0.optionalRepo())
    } ?? SchedulerRound()
  }

  func countStart(of repo: RepoName, round: Int64, at now: Timestamp) throws {
    try run(
      """
      UPDATE scheduler SET cursor = ?1, round = ?2, roundStarts = iif(round = ?2, roundStarts + 1, 1) WHERE id = 1
      """, [repo.text, round])
    try run(
      """
      UPDATE repos SET turnRound = ?2, turnStarts = iif(turnRound = ?2, turnStarts + 1, 1), turnAt = ?3 WHERE name = ?1
      """, [repo.text, round, now.milliseconds])
  }

  private static func event(_ row: inout RowReader) throws -> EventRecord {
    EventRecord(
      sequence: row.integer(),
      event: NewEvent(
        at: row.time(), kind: try row.word(), subject: row.text(), repo: try row.optionalRepo(),
        details: try row.optionalJSON([String: String].self) ?? [:], actor: row.optionalText()))
  }
}
