import Catalog
import GRDB

/// Copies of a catalog to keep elsewhere.
package enum SQLiteCatalogBackup {
  /// Copies the catalog at `path`, which a server may have open and be writing to, to the new file `target`: one
  /// consistent state, in one file.
  ///
  /// - Throws: when one of the files cannot be opened or written, or the copy is not sound.
  package static func copy(_ path: String, to target: String) throws {
    var reading = Configuration()
    reading.readonly = true
    reading.busyMode = .timeout(30)
    let source = try DatabaseQueue(path: path, configuration: reading)
    let destination = try DatabaseQueue(path: target)
    try source.backup(to: destination)
    try destination.writeWithoutTransaction { db in
      // A file that stands alone, whatever the mode of its source.
      try db.execute(sql: "PRAGMA journal_mode = DELETE")
      try requireSound(db)
    }
    try destination.close()
    try source.close()
  }

  /// - Throws: `Unsound` when the file at `path` is no sound catalog that this version knows.
  package static func check(_ path: String) throws {
    let catalog = try SQLiteCatalog(path: path)
    defer { try? catalog.close() }
    if let flaw = try catalog.readNow({ try $0.integrityFlaws(limit: 1) }).first { throw Unsound(flaw) }
  }

  private static func requireSound(_ db: Database) throws {
    let flaw = try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
    if let flaw, flaw != "ok" { throw Unsound(flaw) }
    guard try db.tableExists("grdb_migrations") else { throw Unsound("it is no catalog") }
  }

  /// A database that is damaged, or something else.
  package struct Unsound: Error, CustomStringConvertible {
    package let description: String
    init(_ flaw: String) { description = "the catalog is not sound: \(flaw)" }
  }
}
