import Foundation
import GRDBSQLite

/// A value that SQLite can be given; nil is NULL.
protocol SQLValue {
  /// Binds the value to the parameter; returns SQLite's result code.
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32
}

/// The values of a statement's parameters, in order.
struct SQLArguments: ExpressibleByArrayLiteral {
  var values: [(any SQLValue)?]

  init(arrayLiteral elements: (any SQLValue)?...) { values = elements }
  static func + (left: SQLArguments, right: SQLArguments) -> SQLArguments {
    var sum = left
    sum.values += right.values
    return sum
  }
  static func += (left: inout SQLArguments, right: SQLArguments) { left.values += right.values }
}

/// SQLite copies what it is given.
private let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension String: SQLValue {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    var text = self
    return text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        // No address means NULL to SQLite, and an empty text may have none.
        guard let start = characters.baseAddress else {
          return sqlite3_bind_text(statement, index, "", 0, copied)
        }
        return sqlite3_bind_text(statement, index, start, Int32(characters.count), copied)
      }
    }
  }
}
extension Int64: SQLValue {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    sqlite3_bind_int64(statement, index, self)
  }
}
extension Int: SQLValue {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    sqlite3_bind_int64(statement, index, Int64(self))
  }
}
extension Bool: SQLValue {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    sqlite3_bind_int64(statement, index, self ? 1 : 0)
  }
}
extension Data: SQLValue {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return sqlite3_bind_zeroblob(statement, index, 0) }
      return sqlite3_bind_blob(statement, index, start, Int32(bytes.count), copied)
    }
  }
}
