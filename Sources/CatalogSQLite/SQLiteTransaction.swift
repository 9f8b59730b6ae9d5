import Catalog
import Foundation
import GRDB
import Vocabulary

/// One transaction, or one snapshot, on a connection; valid only while its body runs.
///
/// Its statements are prepared once per connection. On a reader's connection SQLite refuses the changes.
struct SQLiteTransaction: CatalogTransaction {
  let db: Database

  /// The rows of a query, each read by `read` in the order of the columns.
  func all<Value>(
    _ sql: String, _ arguments: StatementArguments, _ read: (inout RowReader) throws -> Value
  ) throws -> [Value] {
    let rows = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: arguments)
    var values: [Value] = []
    while let row = try rows.next() {
      var reader = RowReader(row)
      values.append(try read(&reader))
    }
    return values
  }

  /// The only row of a query that has one or none.
  func one<Value>(
    _ sql: String, _ arguments: StatementArguments, _ read: (inout RowReader) throws -> Value
  ) throws -> Value? {
    try all(sql, arguments, read).first
  }

  func run(_ sql: String, _ arguments: StatementArguments) throws {
    try db.cachedStatement(sql: sql).execute(arguments: arguments)
  }

  /// Runs an update by primary key; throws when the row is not there.
  func replace(in table: String, key: String, _ sql: String, _ arguments: StatementArguments) throws {
    try run(sql, arguments)
    guard db.changesCount == 1 else { throw SQLiteCatalogError.noSuchRow(table: table, key: key) }
  }

  /// A page's size as SQLite wants it: there, a negative limit means none.
  func bounded(_ limit: Int) -> Int { max(0, limit) }

  /// Text as it can be stored: GRDB ends a text at its first NUL, and a shortened text would go unnoticed.
  func storable(_ text: String) throws -> String {
    guard !text.utf8.contains(0) else {
      throw ProblemError(.badRequest, detail: "the text \(quoted(text)) contains a NUL character")
    }
    return text
  }
  func storable(_ text: String?) throws -> String? { try text.map { try storable($0) } }

  /// JSON that is the same for equal values.
  func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

extension Digest {
  var data: Data { Data(bytes) }
}
