import Catalog
import Foundation
import GRDB
import Vocabulary

extension SQLiteTransaction {
  static let uploadColumns = """
    id, state, length, metadataRaw, metadataPairs, push, path, filename, declaredDigest, digest, modifiedAt, mode, \
    hashState, hashedBytes, unverifiedFrom, client, createdAt, updatedAt, expiresAt, reason, declaredSHA512, \
    concatenation, parts, contends
    """
  /// The condition of the index `uploadsByPath`.
  static let occupiesPath = "contends IS NULL AND state NOT IN ('cancelled', 'expired', 'rejected')"

  /// The condition of the index `uploadsInProgress`.
  private static let isInProgress = "state IN ('created', 'receiving', 'received')"

  func upload(_ id: UploadID) throws -> UploadRecord? {
    try one("SELECT \(Self.uploadColumns) FROM uploads WHERE id = ?", [id.text], Self.upload)
  }

  /// Where a path has an upload that occupies it and rejected ones, the former comes first, then the newest.
  func uploads(ofPush id: PushID, after path: String?, limit: Int) throws -> [UploadRecord] {
    try all(
      """
      SELECT \(Self.uploadColumns), 0 AS rank FROM uploads WHERE push = ?1 AND \(Self.occupiesPath) AND path > ?2
      UNION ALL
      SELECT \(Self.uploadColumns), 1 AS rank FROM uploads WHERE push = ?1 AND state = 'rejected' AND path > ?2
      UNION ALL
      SELECT \(Self.uploadColumns), 1 AS rank FROM uploads WHERE push = ?1 AND \(Self.isContending) AND path > ?2
      ORDER BY path, rank, id DESC LIMIT ?3
      """, [id.text, path ?? "", bounded(limit)], Self.upload)
  }

  /// One query per state: each then walks its own range of an index, in the order asked for. Of the states that an
  /// upload stays in there is no index: those are looked for by id.
  func uploads(in states: Set<UploadState>, after id: UploadID?, limit: Int) throws -> [UploadRecord] {
    let pages = try states.map { state in
      let isInProgress = state.isOpen || state == .received
      let condition = isInProgress ? " AND \(Self.isInProgress)" : ""
      return try all(
        "SELECT \(Self.uploadColumns) FROM uploads WHERE state = '\(state.rawValue)'\(condition) AND id > ? ORDER BY id LIMIT ?",
        [id?.text ?? "", bounded(limit)], Self.upload)
    }
    return Array(pages.joined().sorted { $0.id < $1.id }.prefix(bounded(limit)))
  }

  func upload(ofPush id: PushID, at path: BundlePath) throws -> UploadRecord? {
    try one(
      "SELECT \(Self.uploadColumns) FROM uploads WHERE push = ? AND path = ? AND \(Self.occupiesPath)",
      [id.text, path.text], Self.upload)
  }

  func pathConflict(ofPush id: PushID, with path: BundlePath) throws -> String? {
    let bytes = Array(path.text.utf8)
    for end in bytes.indices where bytes[end] == UInt8(ascii: "/") {
      let folder = String(decoding: bytes[..<end], as: UTF8.self)
      let isInUse = try one(
        "SELECT 1 FROM uploads WHERE push = ? AND path = ? AND \(Self.occupiesPath)", [id.text, folder]
      ) { _ in true }
      if isInUse != nil { return folder }
    }
    // '0' is the byte after '/': between the two lies exactly what is below the path.
    return try one(
      "SELECT path FROM uploads WHERE push = ? AND path > ? AND path < ? AND \(Self.occupiesPath) ORDER BY path LIMIT 1",
      [id.text, path.text + "/", path.text + "0"]
    ) { $0.text() }
  }

  func expiredUploads(at now: Timestamp, limit: Int) throws -> [UploadID] {
    try all(
      """
      SELECT id FROM uploads WHERE state IN ('created', 'receiving') AND expiresAt <= ?
      ORDER BY expiresAt, id LIMIT ?
      """, [now.milliseconds, bounded(limit)]
    ) { try $0.id() }
  }

  /// Every state is in it, also with 0.
  func uploadCounts() throws -> [UploadState: Int] {
    let counts = try all("SELECT state, count FROM uploadCounts", []) { row in
      (try row.word() as UploadState, Int(row.integer()))
    }
    return Dictionary(uniqueKeysWithValues: counts)
  }

  func insert(_ upload: UploadRecord) throws {
    let marks = databaseQuestionMarks(count: 24)
    try run(
      "INSERT INTO uploads (\(Self.uploadColumns)) VALUES (\(marks))",
      [upload.id.text] + values(of: upload) + [upload.isContending ? 1 : nil])
    try insertParts(of: upload)
  }

  func update(_ upload: UploadRecord) throws {
    try replace(
      in: "uploads", key: upload.id.text,
      """
      UPDATE uploads SET state = ?, length = ?, metadataRaw = ?, metadataPairs = ?, push = ?, path = ?, filename = ?,
        declaredDigest = ?, digest = ?, modifiedAt = ?, mode = ?, hashState = ?, hashedBytes = ?,
        unverifiedFrom = ?, client = ?, createdAt = ?, updatedAt = ?, expiresAt = ?, reason = ?,
        declaredSHA512 = ?, concatenation = ?, parts = ?
      WHERE id = ?
      """, values(of: upload) + [upload.id.text])
  }

  func saveHash(_ state: [UInt8], byteCount: Int64, of upload: UploadID) throws {
    try run(
      """
      UPDATE uploads SET hashState = ?, hashedBytes = ?
      WHERE id = ? AND state IN ('created', 'receiving', 'received')
      """, [Data(state), byteCount, upload.text])
  }

  func markCommitted(uploadsOf push: PushID) throws {
    try run(
      "UPDATE uploads SET state = 'committed' WHERE push = ? AND state = 'verified' AND \(Self.occupiesPath)",
      [push.text])
  }

  /// The columns after the id, in their order.
  private func values(of upload: UploadRecord) throws -> SQLArguments {
    let pairs = upload.metadata.pairs.map { ($0.key, Base64.encode($0.value)) }
    return [
      upload.state.rawValue, upload.length, try storable(upload.metadata.raw),
      pairs.isEmpty ? nil : JSONText.pairs(pairs), upload.push?.text, upload.path.text,
      try storable(upload.filename),
      upload.declaredDigest?.data, upload.digest?.data, upload.modifiedAt?.milliseconds, upload.mode,
      upload.hashState.map { Data($0) }, upload.hashedBytes, upload.unverifiedFrom,
      try storable(upload.client), upload.createdAt.milliseconds, upload.updatedAt.milliseconds,
      upload.expiresAt?.milliseconds, try storable(upload.reason),
      upload.declaredSHA512.map { Data($0) }, try storable(Self.word(of: upload.concatenation)),
      Self.parts(of: upload.concatenation),
    ]
  }

  static func upload(_ row: inout RowReader) throws -> UploadRecord {
    UploadRecord(
      id: try row.id(), state: try row.word(), length: row.optionalInteger(), metadata: try metadata(&row),
      push: try row.optionalID(), path: try row.path(), filename: row.optionalText(),
      declaredDigest: try row.optionalDigest(), digest: try row.optionalDigest(),
      modifiedAt: row.optionalTime(), mode: row.optionalInteger().map { Int($0) },
      hashState: row.optionalBytes(), hashedBytes: row.integer(), unverifiedFrom: row.optionalInteger(),
      client: row.optionalText(), createdAt: row.time(), updatedAt: row.time(), expiresAt: row.optionalTime(),
      reason: row.optionalText(),
      declaredSHA512: row.optionalBytes(), concatenation: try concatenation(&row),
      isContending: row.flag())
  }

  private static func metadata(_ row: inout RowReader) throws -> UploadMetadata {
    let raw = row.optionalText()
    let pairs = try row.optionalJSON([[String]].self) ?? []
    return UploadMetadata(
      raw: raw,
      pairs: try pairs.map { pair in
        guard pair.count == 2, let value = Base64.decode(pair[1]) else {
          throw SQLiteCatalogError.unreadable(column: "metadataPairs", value: pair.joined(separator: " "))
        }
        return UploadMetadata.Pair(key: pair[0], value: value)
      })
  }
}
