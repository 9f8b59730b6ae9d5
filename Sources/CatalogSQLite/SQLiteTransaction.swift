import Catalog
import Foundation
import GRDB
import GRDBSQLite
import Vocabulary

/// One transaction, or one snapshot, on a connection; valid only while its body runs.
///
/// Its statements are prepared once per connection, by GRDB, and stepped here: every upload runs a dozen of them, and a
/// row as GRDB makes it costs several times what SQLite takes to find it (docs/performance.md). On a reader's
/// connection SQLite refuses the changes.
struct SQLiteTransaction: CatalogTransaction {
  let db: Database

  /// The rows of a query, each read by `read` in the order of the columns.
  func all<Value>(
    _ sql: String, _ arguments: SQLArguments, _ read: (inout RowReader) throws -> Value
  ) throws -> [Value] {
    var values: [Value] = []
    try visit(sql, arguments) { reader in
      values.append(try read(&reader))
      return true
    }
    return values
  }

  /// The first row of a query, nil when it has none.
  func one<Value>(
    _ sql: String, _ arguments: SQLArguments, _ read: (inout RowReader) throws -> Value
  ) throws -> Value? {
    var value: Value?
    try visit(sql, arguments) { reader in
      value = try read(&reader)
      return false
    }
    return value
  }

  func run(_ sql: String, _ arguments: SQLArguments) throws {
    try visit(sql, arguments) { _ in true }
  }

  /// Steps through the rows until `body` says false.
  private func visit(
    _ sql: String, _ arguments: SQLArguments, _ body: (inout RowReader) throws -> Bool
  ) throws {
    let statement = try db.cachedStatement(sql: sql).sqliteStatement
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    let count = sqlite3_bind_parameter_count(statement)
    precondition(Int(count) == arguments.values.count, "\(count) parameters in \(sql)")
    for (index, value) in arguments.values.enumerated() {
      guard let value else { continue }
      try check(value.bind(to: statement, at: Int32(index + 1)), sql)
    }
    while true {
      let code = sqlite3_step(statement)
      if code == SQLITE_DONE { return }
      guard code == SQLITE_ROW else { return try check(code, sql) }
      var reader = RowReader(statement)
      guard try body(&reader) else { return }
    }
  }

  private func check(_ code: Int32, _ sql: String) throws {
    guard code != SQLITE_OK else { return }
    let connection = db.sqliteConnection
    throw DatabaseError(
      resultCode: ResultCode(rawValue: connection.map { sqlite3_extended_errcode($0) } ?? code),
      message: connection.map { String(cString: sqlite3_errmsg($0)) }, sql: sql)
  }

  /// Runs an update by primary key; throws when the row is not there.
  func replace(in table: String, key: String, _ sql: String, _ arguments: SQLArguments) throws {
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
}

extension Digest {
  var data: Data { Data(bytes) }
}
