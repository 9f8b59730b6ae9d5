import Catalog
import CatalogSQLite
import Dispatch
import Foundation
import GRDB
import TestSupport
import Testing
import Vocabulary

@Suite("SQLiteCatalog")
struct SQLiteCatalogTests {
  @Test("the catalog keeps the law", arguments: CatalogConformance.laws)
  func law(_ law: CatalogLaw) async throws {
    try await withCatalogFile { path in try await law.check(SQLiteCatalog(path: path)) }
  }

  @Test("reopening a catalog loses nothing")
  func reopening() async throws {
    try await withCatalogFile { path in
      let first = try SQLiteCatalog(path: path)
      try await first.write { catalog throws in
        try catalog.record(NewEvent(at: time(1), kind: .repoCreated, subject: "inbox"))
        try catalog.ensureRepo(.inbox, description: nil, at: time(1))
        try catalog.setSchedulerCursor(.inbox)
      }
      try first.close()
      let second = try SQLiteCatalog(path: path)
      try await second.read { catalog throws in
        #expect(try catalog.lastEventSequence() == 1)
        #expect(try catalog.repo(.inbox)?.createdAt == time(1))
        #expect(try catalog.schedulerCursor() == .inbox)
      }
      try second.close()
    }
  }

  @Test("a catalog of a newer version is refused and left as it was")
  func newerFormat() async throws {
    try await withCatalogFile { path in
      try SQLiteCatalog(path: path).close()
      let queue = try DatabaseQueue(path: path)
      try await queue.write { db in
        try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('9999 from the future')")
      }
      #expect(throws: SQLiteCatalogError.newerFormat(unknown: ["9999 from the future"])) {
        try SQLiteCatalog(path: path)
      }
      let known = try await queue.read {
        try String.fetchAll($0, sql: "SELECT identifier FROM grdb_migrations")
      }
      #expect(known.contains("9999 from the future"))
      try queue.close()
    }
  }

  @Test("a file that is no database is refused")
  func notADatabase() async throws {
    try await withCatalogFile { path in
      try Data(repeating: 7, count: 8192).write(to: URL(fileURLWithPath: path))
      #expect(throws: DatabaseError.self) { try SQLiteCatalog(path: path) }
    }
  }

  @Test("updating what is not there names it")
  func missingRow() async throws {
    try await withCatalogFile { path in
      let catalog = try SQLiteCatalog(path: path)
      let push = somePush(1)
      await #expect(throws: SQLiteCatalogError.noSuchRow(table: "pushes", key: push.id.text)) {
        try await catalog.write { try $0.update(push) }
      }
    }
  }

  @Test("a stored word that this version does not know is reported, not guessed")
  func unreadable() async throws {
    try await withCatalogFile { path in
      let catalog = try SQLiteCatalog(path: path)
      let push = somePush(1)
      try await catalog.write { try $0.insert(push, expecting: []) }
      let queue = try DatabaseQueue(path: path)
      try await queue.write { try $0.execute(sql: "UPDATE pushes SET state = 'melted'") }
      try queue.close()
      await #expect(throws: SQLiteCatalogError.unreadable(column: "state", value: "melted")) {
        try await catalog.read { try $0.push(push.id) }
      }
    }
  }

  @Test("a full disk is the problem storage-full, and what fits still goes in")
  func storageFull() async throws {
    try await withCatalogFile { path in
      let catalog = try SQLiteCatalog(path: path, pageLimit: 300)
      let event = NewEvent(at: time(1), kind: .storageFault, subject: String(repeating: "x", count: 1 << 20))
      let error = await #expect(throws: ProblemError.self) {
        try await catalog.write { writer in
          for _ in 1...3 { try writer.record(event) }
        }
      }
      #expect(error?.problem == .storageFull)
      try await catalog.write { try $0.record(NewEvent(at: time(1), kind: .storageFault, subject: "small")) }
      #expect(try await catalog.read { try $0.lastEventSequence() } == 1)
    }
  }

  @Test("MUST-6 what was written is on stable storage after a sync, also where commits are not synced")
  func sync() async throws {
    let folder = try TemporaryFolder()
    let files = FaultyFileSystem(in: folder)
    let catalog = try SQLiteCatalog(path: folder.child("catalog.sqlite"), isSynced: false, files: files)
    try await catalog.write { try $0.record(NewEvent(at: time(1), kind: .storageFault, subject: "it")) }
    try await catalog.sync()
    #expect(files.trace.suffix(2) == ["fsync catalog.sqlite-wal", "fsync-folder ."])
    files.fail(call: 1)
    await #expect(throws: (any Error).self) { try await catalog.sync() }
    files.heal()
    try catalog.close()
  }

  /// reader: begin, first look          | writer:
  ///                                    | commit an event
  /// reader: second look: still nothing |
  @Test("a reader keeps its snapshot and does not hold up the writer")
  func snapshot() async throws {
    try await withCatalogFile { path in
      let catalog = try SQLiteCatalog(path: path)
      let isWritten = DispatchSemaphore(value: 0)
      let (looks, report) = AsyncStream.makeStream(of: Int64.self)
      async let secondLook = catalog.read { reader in
        report.yield(try reader.lastEventSequence())
        #expect(isWritten.wait(timeout: .now() + 300) == .success)
        return try reader.lastEventSequence()
      }
      var iterator = looks.makeAsyncIterator()
      #expect(await iterator.next() == 0)
      try await catalog.write {
        try $0.record(NewEvent(at: time(1), kind: .pushOpened, subject: "it"))
      }
      isWritten.signal()
      #expect(try await secondLook == 0)
      #expect(try await catalog.read { try $0.lastEventSequence() } == 1)
    }
  }
}
