import GRDB

/// The history of the catalog's format: named steps, only ever appended to, each frozen once released.
enum SQLiteMigrations {
  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("0001 uploads, pushes, repos, events") { db in
      for part in [uploads0001, pushes0001, repos0001, events0001] { try db.execute(sql: part) }
    }
    migrator.registerMigration("0002 packs, uploads in progress") { db in try db.execute(sql: packs0002) }
    migrator.registerMigration("0003 concatenation, idempotency keys") { db in
      try db.execute(sql: clients0003)
    }
    migrator.registerMigration("0004 repos, labels and pushes in full") { db in
      try db.execute(sql: datasets0004)
    }
    migrator.registerMigration("0005 objects of repos, several clients of a push") { db in
      try db.execute(sql: repoObjects0005)
    }
    migrator.registerMigration("0006 turns, retries, lists of pushes") { db in
      try db.execute(sql: scheduling0006)
    }
    migrator.registerMigration("0007 pushes from sources") { db in try db.execute(sql: sources0007) }
    return migrator
  }

  /// Applies the steps that the catalog lacks, each in a transaction.
  ///
  /// - Throws: `SQLiteCatalogError.newerFormat`, before any change, when it has a step that is not in the list.
  static func migrate(_ pool: DatabasePool) throws {
    let migrator = self.migrator
    let applied = try pool.read { db in try migrator.appliedIdentifiers(db) }
    let unknown = applied.subtracting(migrator.migrations)
    guard unknown.isEmpty else { throw SQLiteCatalogError.newerFormat(unknown: unknown.sorted()) }
    try migrator.migrate(pool)
  }
}
