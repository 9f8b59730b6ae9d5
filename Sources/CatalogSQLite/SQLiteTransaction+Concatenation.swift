import Catalog
import GRDB
import Vocabulary

extension SQLiteTransaction {
  /// The condition of the index `uploadsAssembling`.
  private static let isAssembling = "parts IS NOT NULL AND state = 'created'"

  func assemblingUploads(after id: UploadID?, limit: Int) throws -> [UploadRecord] {
    try all(
      "SELECT \(Self.uploadColumns) FROM uploads WHERE \(Self.isAssembling) AND id > ? ORDER BY id LIMIT ?",
      [id?.text ?? "", bounded(limit)], Self.upload)
  }

  func assemblingUploads(withPart id: UploadID) throws -> [UploadID] {
    try all(
      """
      SELECT final FROM uploadParts JOIN uploads ON uploads.id = final
      WHERE part = ? AND \(Self.isAssembling) ORDER BY final
      """, [id.text]
    ) { try $0.id() }
  }

  func finalUpload(ofParts parts: [UploadID], metadata: UploadMetadata, since: Timestamp) throws -> UploadID?
  {
    let candidates = try all(
      """
      SELECT \(Self.uploadColumns) FROM uploads WHERE parts IS NOT NULL AND parts = ? AND createdAt >= ?
      ORDER BY createdAt DESC, id DESC LIMIT 100
      """, [Self.text(of: parts), since.milliseconds], Self.upload)
    return candidates.first { candidate in
      candidate.metadata == metadata && (candidate.state == .created || candidate.state.isFinished)
    }?.id
  }

  func idempotentRequest(_ key: String) throws -> IdempotentRequest? {
    try one(
      "SELECT key, fingerprint, subject, createdAt FROM idempotentRequests WHERE key = ?",
      [try storable(key)]
    ) { row in
      let key = row.text()
      guard let fingerprint = try row.optionalDigest() else {
        throw SQLiteCatalogError.unreadable(column: "fingerprint", value: key)
      }
      return IdempotentRequest(
        key: key, fingerprint: fingerprint, subject: row.text(), createdAt: row.time())
    }
  }

  func insert(_ request: IdempotentRequest) throws {
    try run(
      "INSERT INTO idempotentRequests (key, fingerprint, subject, createdAt) VALUES (?, ?, ?, ?)",
      [
        try storable(request.key), request.fingerprint.data, request.subject,
        request.createdAt.milliseconds,
      ])
  }

  func removeIdempotentRequests(before: Timestamp, limit: Int) throws {
    try run(
      """
      DELETE FROM idempotentRequests WHERE key IN (
        SELECT key FROM idempotentRequests WHERE createdAt < ? ORDER BY createdAt LIMIT ?)
      """, [before.milliseconds, bounded(limit)])
  }

  func insertParts(of upload: UploadRecord) throws {
    guard case .final(let parts, _) = upload.concatenation else { return }
    for part in Set(parts) {
      try run("INSERT INTO uploadParts (part, final) VALUES (?, ?)", [part.text, upload.id.text])
    }
  }

  static func word(of concatenation: Concatenation?) -> String? {
    switch concatenation {
    case nil: nil
    case .partial: "partial"
    case .final(_, let raw): raw
    }
  }

  static func parts(of concatenation: Concatenation?) -> String? {
    guard case .final(let parts, _) = concatenation else { return nil }
    return text(of: parts)
  }

  /// A JSON list; ids need no escapes.
  private static func text(of parts: [UploadID]) -> String {
    "[" + parts.map { "\"\($0.text)\"" }.joined(separator: ",") + "]"
  }

  static func concatenation(_ row: inout RowReader) throws -> Concatenation? {
    let word = row.optionalText()
    let parts = try row.optionalJSON([String].self)
    guard let word else { return nil }
    guard let parts else { return .partial }
    return .final(
      parts: try parts.map { text in
        guard let id = UploadID(text) else {
          throw SQLiteCatalogError.unreadable(column: "parts", value: text)
        }
        return id
      }, raw: word)
  }
}
