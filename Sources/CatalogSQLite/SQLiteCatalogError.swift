/// What can be wrong with a catalog file, or with a change asked of it. None of these go away by trying again.
package enum SQLiteCatalogError: Error, Equatable, CustomStringConvertible {
  /// A newer version of the server wrote this catalog: it has migrations that this one does not know.
  case newerFormat(unknown: [String])
  /// A record was to be replaced that was never inserted.
  case noSuchRow(table: String, key: String)
  /// A stored value is not one this version can have written.
  case unreadable(column: String, value: String)

  /// One sentence for people, with what to do about it where there is something.
  package var description: String {
    switch self {
    case .newerFormat(let unknown):
      "the catalog was written by a newer version (\(unknown.joined(separator: ", "))); run that version"
    case .noSuchRow(let table, let key): "the catalog has no \(key) in \(table) to replace"
    case .unreadable(let column, let value):
      "the catalog holds \"\(value)\" as \(column), which means nothing"
    }
  }
}
