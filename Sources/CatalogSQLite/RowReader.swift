import Catalog
import Foundation
import GRDB
import Vocabulary

/// Reads a row's columns from left to right, in the order in which the statement names them.
///
/// STRICT tables guarantee each column's type; what a text or blob means is checked here.
struct RowReader {
  private let row: Row
  private var column = 0

  init(_ row: Row) { self.row = row }

  mutating func integer() -> Int64 { row[next()] }
  mutating func optionalInteger() -> Int64? { row[next()] }
  mutating func text() -> String { row[next()] }
  mutating func optionalText() -> String? { row[next()] }
  mutating func flag() -> Bool { row[next()] }
  mutating func time() -> Timestamp { Timestamp(milliseconds: integer()) }
  mutating func optionalTime() -> Timestamp? { optionalInteger().map(Timestamp.init(milliseconds:)) }

  mutating func optionalBytes() throws -> [UInt8]? {
    try row.withUnsafeData(atIndex: next()) { data in data.map(Array.init) }
  }

  mutating func optionalDigest() throws -> Digest? {
    guard let bytes = try optionalBytes() else { return nil }
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

  private mutating func next() -> Int {
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
      throw SQLiteCatalogError.unreadable(column: Array(row.columnNames)[column - 1], value: stored)
    }
    return value
  }
}
