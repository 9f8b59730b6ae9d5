import Catalog
import Foundation
import GRDB
import Vocabulary

extension SQLiteTransaction {
  private static let columns = """
    id, state, origin, repo, message, label, author, sealWhenComplete, expectedCount, expectedBytes, createdAt, \
    sealedAt, finishedAt, expiresAt, bundle, attempts, errorCode, errorMessage, conflictPolicy, allowsEmpty, \
    source, sourcePath, concurrencyFactor, notBefore
    """

  func push(_ id: PushID) throws -> PushRecord? {
    try one("SELECT \(Self.columns) FROM pushes WHERE id = ?", [id.text], Self.push)
  }

  func pushes(status: PushState.Status?, repo: RepoName?, before id: PushID?, limit: Int) throws
    -> [PushRecord]
  {
    var conditions = ["id < ?"]
    // '~' is greater than any id.
    var arguments: SQLArguments = [id?.text ?? "~"]
    if let repo {
      conditions.append("repo = ?")
      arguments += [repo.text]
    }
    if let status {
      conditions.append("status = ?")
      arguments += [status.rawValue]
    }
    return try all(
      """
      SELECT \(Self.columns) FROM pushes WHERE \(conditions.joined(separator: " AND "))
      ORDER BY id DESC LIMIT ?
      """, arguments + [bounded(limit)], Self.push)
  }

  func pushes(by key: PushKey, before id: PushID?, limit: Int) throws -> [PushRecord] {
    let condition: String
    let value: String
    switch key {
    case .status(let status, let repo):
      return try pushes(status: status, repo: repo, before: id, limit: limit)
    case .state(.committed): return try pushes(status: .complete, repo: nil, before: id, limit: limit)
    case .state(let state): (condition, value) = ("status <> 'complete' AND state = ?", state.rawValue)
    case .label(let label): (condition, value) = ("label = ?", label.text)
    case .origin(let origin): (condition, value) = ("origin = ?", origin.rawValue)
    case .source(let source): (condition, value) = ("source = ?", source)
    }
    return try all(
      "SELECT \(Self.columns) FROM pushes WHERE \(condition) AND id < ? ORDER BY id DESC LIMIT ?",
      [value, id?.text ?? "~", bounded(limit)], Self.push)
  }

  /// One query per state: each then walks its own range of an index, in the order asked for.
  func pushes(in states: Set<PushState>, after id: PushID?, limit: Int) throws -> [PushRecord] {
    let pages = try states.map { state in
      let condition =
        state == .committed
        ? "status = 'complete'" : "state = '\(state.rawValue)' AND status <> 'complete'"
      return try all(
        "SELECT \(Self.columns) FROM pushes WHERE \(condition) AND id > ? ORDER BY id LIMIT ?",
        [id?.text ?? "", bounded(limit)], Self.push)
    }
    return Array(pages.joined().sorted { $0.id < $1.id }.prefix(bounded(limit)))
  }

  /// All zeros for a push that is not there.
  func pushProgress(_ id: PushID) throws -> PushProgress {
    let progress = try one(
      "SELECT total, verified, rejected, finishedBytes FROM pushProgress WHERE push = ?", [id.text]
    ) { row in
      PushProgress(
        total: row.integer(), verified: row.integer(), rejected: row.integer(), finishedBytes: row.integer())
    }
    return progress ?? PushProgress(total: 0, verified: 0, rejected: 0, finishedBytes: 0)
  }

  func expectedFile(ofPush id: PushID, at path: BundlePath) throws -> ExpectedFile? {
    try one(
      "SELECT path, size, digest FROM expectedFiles WHERE push = ? AND path = ?", [id.text, path.text]
    ) { ExpectedFile(path: try $0.path(), size: $0.integer(), digest: try $0.optionalDigest()) }
  }

  /// A path is listed once: a rejected file that is being sent again is unfinished.
  func missing(ofPush id: PushID, limit: Int) throws -> [MissingFile] {
    // Left alone, SQLite prefers the primary key of expectedFiles and reads all that a push expects.
    try all(
      """
      SELECT path, 'unfinished' AS reason FROM uploads
      WHERE push = ?1 AND state IN ('created', 'receiving', 'received')
      UNION ALL
      SELECT path, 'rejected' AS reason FROM uploads AS failed
      WHERE push = ?1 AND state = 'rejected' AND NOT EXISTS (
        SELECT 1 FROM uploads AS other
        WHERE other.push = ?1 AND other.path = failed.path AND other.\(Self.occupiesPath)
      ) AND NOT EXISTS (
        SELECT 1 FROM uploads AS older
        WHERE older.push = ?1 AND older.path = failed.path AND older.state = 'rejected' AND older.id < failed.id
      )
      UNION ALL
      SELECT path, 'absent' AS reason FROM expectedFiles INDEXED BY expectedFilesAbsent
      WHERE push = ?1 AND uploads = 0
      ORDER BY path LIMIT ?2
      """, [id.text, bounded(limit)]
    ) { MissingFile(path: $0.text(), reason: try $0.word()) }
  }

  /// In the order of the repos' names. Each head is one step into an index, however long the queues are.
  func queueHeads(after repo: RepoName?, limit: Int) throws -> [QueuedPush] {
    var heads: [QueuedPush] = []
    var position = repo?.text ?? ""
    var isSecondRound = repo == nil
    while heads.count < limit {
      let head = try one(
        """
        SELECT id, repo, sealedAt, coalesce(weight, 1), coalesce(turnRound, 0), coalesce(turnStarts, 0), turnAt
        FROM pushes LEFT JOIN repos ON name = repo
        WHERE state = 'queued' AND notBefore IS NULL AND repo > ? ORDER BY repo, sealedAt, id LIMIT 1
        """, [position], Self.queued)
      if let head, !isSecondRound || repo.map({ head.repo <= $0 }) ?? true {
        heads.append(head)
        position = head.repo.text
      } else if !isSecondRound {
        isSecondRound = true
        position = ""
      } else {
        break
      }
    }
    return heads
  }

  private static func queued(_ row: inout RowReader) throws -> QueuedPush {
    QueuedPush(
      id: try row.id(), repo: try row.repo(), sealedAt: row.time(),
      turn: RepoTurn(
        weight: Int(row.integer()), round: row.integer(), starts: Int(row.integer()),
        lastStartAt: row.optionalTime()))
  }

  func duePushes(at now: Timestamp, limit: Int) throws -> [PushID] {
    try all(
      "SELECT id FROM pushes WHERE state = 'queued' AND notBefore <= ? ORDER BY notBefore, id LIMIT ?",
      [now.milliseconds, bounded(limit)]
    ) { try $0.id() }
  }

  func delayedPushCount(limit: Int) throws -> Int {
    try all(
      "SELECT 1 FROM pushes WHERE state = 'queued' AND notBefore > ? LIMIT ?", [Int64.min, bounded(limit)]
    ) { _ in () }.count
  }

  func expiredPushes(at now: Timestamp, limit: Int) throws -> [PushID] {
    try all(
      "SELECT id FROM pushes WHERE state = 'open' AND expiresAt <= ? ORDER BY expiresAt, id LIMIT ?",
      [now.milliseconds, bounded(limit)]
    ) { try $0.id() }
  }

  /// Every state is in it, also with 0.
  func pushCounts() throws -> [PushState: Int] {
    let counts = try all("SELECT state, count FROM pushCounts", []) { row in
      (try row.word() as PushState, Int(row.integer()))
    }
    return Dictionary(uniqueKeysWithValues: counts)
  }

  func insert(_ push: PushRecord, expecting files: [ExpectedFile]) throws {
    let marks = databaseQuestionMarks(count: 25)
    try run(
      "INSERT INTO pushes (\(Self.columns), status) VALUES (\(marks))", [push.id.text] + values(of: push))
    for file in files {
      try run(
        "INSERT INTO expectedFiles (push, path, size, digest) VALUES (?, ?, ?, ?)",
        [push.id.text, file.path.text, file.size, file.digest?.data])
    }
  }

  func update(_ push: PushRecord) throws {
    try replace(
      in: "pushes", key: push.id.text,
      """
      UPDATE pushes SET state = ?, origin = ?, repo = ?, message = ?, label = ?, author = ?, sealWhenComplete = ?,
        expectedCount = ?, expectedBytes = ?, createdAt = ?, sealedAt = ?, finishedAt = ?, expiresAt = ?, bundle = ?,
        attempts = ?, errorCode = ?, errorMessage = ?, conflictPolicy = ?, allowsEmpty = ?, source = ?,
        sourcePath = ?, concurrencyFactor = ?, notBefore = ?, status = ?
      WHERE id = ?
      """, values(of: push) + [push.id.text])
  }

  /// The columns after the id, in their order, and the status last.
  private func values(of push: PushRecord) throws -> SQLArguments {
    [
      push.state.rawValue, push.origin.rawValue, push.repo.text, try storable(push.message), push.label?.text,
      try storable(push.author), push.sealWhenComplete, push.expectedCount, push.expectedBytes,
      push.createdAt.milliseconds, push.sealedAt?.milliseconds, push.finishedAt?.milliseconds,
      push.expiresAt?.milliseconds, push.bundle?.text, push.attempts, try storable(push.errorCode),
      try storable(push.errorMessage), push.conflictPolicy.rawValue, push.allowsEmpty,
      try storable(push.source?.name), try storable(push.source?.path), push.concurrencyFactor,
      push.notBefore?.milliseconds, push.state.status.rawValue,
    ]
  }

  private static func push(_ row: inout RowReader) throws -> PushRecord {
    PushRecord(
      id: try row.id(), state: try row.word(), origin: try row.word(), repo: try row.repo(),
      message: row.text(), label: try row.optionalLabel(), author: row.optionalText(),
      sealWhenComplete: row.flag(), expectedCount: row.optionalInteger(),
      expectedBytes: row.optionalInteger(), createdAt: row.time(), sealedAt: row.optionalTime(),
      finishedAt: row.optionalTime(), expiresAt: row.optionalTime(), bundle: try row.optionalID(),
      attempts: Int(row.integer()), errorCode: row.optionalText(), errorMessage: row.optionalText(),
      conflictPolicy: try row.word(), allowsEmpty: row.flag(), source: source(&row),
      concurrencyFactor: row.optionalInteger().map { Int($0) }, notBefore: row.optionalTime())
  }

  private static func source(_ row: inout RowReader) -> SourceFolder? {
    let name = row.optionalText()
    let path = row.optionalText()
    return name.map { SourceFolder(name: $0, path: path ?? "") }
  }
}
