import Catalog
import Foundation
import GRDBSQLite
import Vocabulary

/// Reads a row's columns from left to right, in the order in which the statement names them.
///
/// STRICT tables guarantee each column's type; what a text or blob means is checked here.
struct RowReader {
  private let statement: OpaquePointer
  private var column: Int32 = 0

  /// A row that the statement has just been stepped to.
  init(_ statement: OpaquePointer) { self.statement = statement }

  mutating func integer() -> Int64 { sqlite3_column_int64(statement, next()) }
  mutating func optionalInteger() -> Int64? {
    let column = next()
    return isNull(column) ? nil : sqlite3_column_int64(statement, column)
  }
  mutating func text() -> String { optionalText() ?? "" }
  mutating func optionalText() -> String? {
    let column = next()
    guard !isNull(column), let start = sqlite3_column_text(statement, column) else { return nil }
    let count = Int(sqlite3_column_bytes(statement, column))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }
  mutating func flag() -> Bool { integer() != 0 }
  mutating func time() -> Timestamp { Timestamp(milliseconds: integer()) }
  mutating func optionalTime() -> Timestamp? { optionalInteger().map(Timestamp.init(milliseconds:)) }

  mutating func optionalBytes() -> [UInt8]? {
    let column = next()
    if isNull(column) { return nil }
    let count = Int(sqlite3_column_bytes(statement, column))
    return Array(UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, column), count: count))
  }

  mutating func optionalDigest() throws -> Digest? {
    guard let bytes = optionalBytes() else { return nil }
    return try known(Digest(bytes: bytes), Hexadecimal.encode(bytes))
  }
  mutating func digest() throws -> Digest {
    let digest = try optionalDigest()
    return try known(digest, "NULL")
  }

  mutating func id<Kind>() throws -> Identifier<Kind> { try parsed { Identifier($0) } }
  mutating func optionalID<Kind>() throws -> Identifier<Kind>? { try optionallyParsed { Identifier($0) } }
  mutating func word<Word: RawRepresentable<String>>() throws -> Word { try parsed { Word(rawValue: $0) } }
  mutating func path() throws -> BundlePath { try parsed { try BundlePath($0) } }
  mutating func repo() throws -> RepoName { try parsed { try RepoName($0) } }
  mutating func optionalRepo() throws -> RepoName? { try optionallyParsed { try RepoName($0) } }
  mutating func label() throws -> LabelName { try parsed { try LabelName($0) } }
  mutating func optionalLabel() throws -> LabelName? { try optionallyParsed { try LabelName($0) } }

  mutating func optionalJSON<Value: Decodable>(_ type: Value.Type) throws -> Value? {
    try optionallyParsed { try JSONDecoder().decode(type, from: Data($0.utf8)) }
  }

  private func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

  private mutating func next() -> Int32 {
    defer { column += 1 }
    return column
  }

  private mutating func parsed<Value>(_ parse: (String) throws -> Value?) throws -> Value {
    let text = text()
    return try known(try? parse(text), text)
  }
  private mutating func optionallyParsed<Value>(_ parse: (String) throws -> Value?) throws -> Value? {
    guard let text = optionalText() else { return nil }
    return try known(try? parse(text), text)
  }

  /// The value of the column that was just read, or an error that names it.
  private func known<Value>(_ value: Value?, _ stored: String) throws -> Value {
    guard let value else {
      let name = sqlite3_column_name(statement, column - 1).map { String(cString: $0) } ?? ""
      throw SQLiteCatalogError.unreadable(column: name, value: stored)
    }
    return value
  }
}
