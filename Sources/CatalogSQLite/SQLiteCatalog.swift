import Catalog
import GRDB
import Platform
import Vocabulary

/// The catalog in one SQLite file in WAL mode: one writer, several readers that never wait for it.
///
/// Bodies run on the connections' own dispatch queues. They run to their end even when the calling task is cancelled:
/// a client that hangs up must not undo what the server does to keep its bytes.
package final class SQLiteCatalog: CatalogStore {
  private let pool: DatabasePool
  private let group = ChangeGroup()
  private let path: String
  private let files: any FileSystem
  private let isSynced: Bool

  /// Opens the catalog at `path`, creates it if there is none, and brings it to this version's format.
  ///
  /// With `isSynced` a written transaction survives the loss of power, else only the end of the process.
  /// `trace` is told the text of every statement before it runs, with `?` for values. `pageLimit` bounds the file, in
  /// pages of 4 KiB: beyond it, changes fail as on a full disk. `files` is what `sync` uses.
  ///
  /// - Throws: `SQLiteCatalogError.newerFormat` when a newer version wrote it; what it holds is then unchanged.
  package init(
    path: String, isSynced: Bool = true, pageLimit: Int? = nil, files: any FileSystem = LinuxFileSystem(),
    trace: (@Sendable (String) -> Void)? = nil
  ) throws {
    self.path = path
    self.files = files
    self.isSynced = isSynced
    var configuration = Configuration()
    configuration.label = "catalog"
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(5)
    configuration.maximumReaderCount = 4
    if let trace {
      configuration.prepareDatabase { db in
        db.trace { event in
          if case .statement(let statement) = event { trace(statement.sql) }
        }
      }
    }
    do {
      pool = try DatabasePool(path: path, configuration: configuration)
      try SQLiteMigrations.migrate(pool)
      // Here and not in prepareDatabase: after that one, GRDB turns a pool's writer to NORMAL, which syncs no commit.
      try pool.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA synchronous = \(isSynced ? "FULL" : "NORMAL")")
        try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
        if let pageLimit { try db.execute(sql: "PRAGMA max_page_count = \(pageLimit)") }
      }
    } catch {
      throw Self.inDomainTerms(error)
    }
  }

  /// Runs `body` on one snapshot, on one of the readers' threads.
  package func read<Value: Sendable>(
    _ body: @escaping @Sendable (any CatalogReader) throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      pool.asyncRead { access in
        continuation.resume(
          with: Result { try body(SQLiteTransaction(db: access.get())) }.mapError(Self.inDomainTerms))
      }
    }
  }

  /// Runs `body` on the writer's thread, in one transaction with others that wait at the same time; what all of them
  /// did is on stable storage when this returns. A body that throws takes back only what it did itself.
  package func write<Value: Sendable>(
    _ body: @escaping @Sendable (any CatalogTransaction) throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let change = GroupedChange(
        run: { db in
          let result = Result { try body(SQLiteTransaction(db: db)) }
          let answer: @Sendable ((any Error)?) -> Void = { failure in
            continuation.resume(
              with: failure.map { .failure($0) } ?? result.mapError(Self.inDomainTerms))
          }
          if case .failure(let error) = result { return (error, answer) }
          return (nil, answer)
        },
        fail: { continuation.resume(throwing: $0) })
      if group.add(change) { runGroup() }
    }
  }

  /// Carries out what waits, a batch after the other, until nothing does.
  private func runGroup() {
    pool.asyncWriteWithoutTransaction { [group] db in
      while let batch = group.next() { batch.carryOut(on: db, inDomainTerms: Self.inDomainTerms) }
    }
  }

  /// Runs `body` on one snapshot, on the calling thread; for tools and the simulation.
  package func readNow<Value>(_ body: (any CatalogReader) throws -> Value) throws -> Value {
    try pool.read { db in try body(SQLiteTransaction(db: db)) }
  }

  /// Runs `body` in a transaction of its own, on the calling thread; for tools and the simulation.
  package func writeNow<Value>(_ body: (any CatalogTransaction) throws -> Value) throws -> Value {
    do {
      return try pool.write { db in try body(SQLiteTransaction(db: db)) }
    } catch { throw Self.inDomainTerms(error) }
  }

  /// Where commits are not synced, what they wrote is in the log until a checkpoint, which syncs it by itself.
  package func sync() async throws {
    if isSynced { return }
    try await withCheckedThrowingContinuation { continuation in
      pool.asyncWriteWithoutTransaction { [self] _ in
        continuation.resume(with: Result { try syncLog() })
      }
    }
  }

  private func syncLog() throws {
    let log = "\(path)-wal"
    guard try files.size(log) != nil else { return }
    let file = try files.open(log, .read)
    defer { file.close() }
    try file.sync()
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
      separator: "/")
    try files.syncFolder(folder.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : folder)
  }

  /// Waits for running bodies, folds the log into the file and closes it. Closing twice is allowed.
  package func close() throws {
    // The pool closes its readers last, and they would leave the log; that it cannot be folded now is no loss.
    _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    try pool.close()
  }

  private static func inDomainTerms(_ error: any Error) -> any Error {
    guard let error = error as? DatabaseError, error.resultCode == .SQLITE_FULL else { return error }
    return ProblemError(
      .storageFull,
      detail: "the catalog cannot grow: its disk or quota is full; nothing of this change was kept")
  }
}
