import Catalog
import CatalogSQLite
import Dispatch
import Synchronization
import Testing
import Vocabulary

@Suite struct ChangeGroupTests {
  private struct Refused: Error, Equatable {
    let number: Int
  }

  private final class Arrivals: Sendable {
    private let number = Mutex(0)
    /// How many have arrived, the caller included.
    func arrive() -> Int {
      number.withLock { number in
        number += 1
        return number
      }
    }
  }

  private static let count = 300
  /// Every third change throws after it has written.
  private static func isRefused(_ number: Int) -> Bool { number % 3 == 0 }

  private static func change(_ number: Int, in transaction: any CatalogTransaction) throws {
    try transaction.insert(try someUpload(number, push: nil, path: "a\(number)"))
    let subject: UploadID = id(number)
    try transaction.record(NewEvent(at: time(1), kind: .uploadCreated, subject: subject.text))
    if isRefused(number) { throw Refused(number: number) }
  }

  /// Makes all changes while the writer is held, so that they wait at the same time; the errors by number.
  private static func changeTogether(_ catalog: SQLiteCatalog) async throws -> [Int: any Error] {
    let (isHeld, isFree) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let begun = Arrivals()
    let holder = Task {
      try await catalog.write { _ in
        isHeld.signal()
        isFree.wait()
      }
    }
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        isHeld.wait()
        continuation.resume()
      }
    }
    let errors = await withTaskGroup(of: (Int, (any Error)?).self) { group in
      for number in 1...count {
        group.addTask {
          if begun.arrive() == count { isFree.signal() }
          do {
            try await catalog.write { try change(number, in: $0) }
            return (number, nil)
          } catch { return (number, error) }
        }
      }
      return await group.reduce(into: [Int: any Error]()) { errors, item in errors[item.0] = item.1 }
    }
    try await holder.value
    return errors
  }

  @Test("changes that wait together are one transaction; a body's failure takes back only what it did itself")
  func failures() async throws {
    try await withCatalogFile { path in
      let trace = Trace()
      let catalog = try SQLiteCatalog(path: path, trace: trace.add)
      defer { try? catalog.close() }
      trace.removeAll()
      let errors = try await Self.changeTogether(catalog)
      // A few may have come late, to a transaction of their own.
      #expect(trace.all.filter { $0.hasPrefix("BEGIN IMMEDIATE") }.count < Self.count / 2)
      let refused = (1...Self.count).filter(Self.isRefused)
      #expect(errors.keys.sorted() == refused)
      for (number, error) in errors { #expect(error as? Refused == Refused(number: number)) }
      try await Self.expectOthers(in: catalog)
    }
    // What callers were told is there after a restart too.
    try await withCatalogFile { path in
      let catalog = try SQLiteCatalog(path: path)
      _ = try await Self.changeTogether(catalog)
      try catalog.close()
      let again = try SQLiteCatalog(path: path)
      try await Self.expectOthers(in: again)
      try again.close()
    }
  }

  /// All changes but the refused ones are there, and their events without gaps.
  private static func expectOthers(in catalog: SQLiteCatalog) async throws {
    let kept = (1...count).filter { !isRefused($0) }
    let (uploads, events) = try await catalog.read { reader in
      (
        try reader.uploads(in: [.created], after: nil, limit: 2 * count),
        try reader.events(after: 0, limit: 2 * count)
      )
    }
    #expect(uploads.map(\.id) == kept.map { id($0) as UploadID })
    #expect(events.map(\.sequence) == (1...Int64(kept.count)).map { $0 })
    #expect(Set(events.map(\.event.subject)) == Set(uploads.map(\.id.text)))
  }

  @Test("a body that fails in SQL takes back only what it did itself, and may handle it and go on")
  func failureInSQL() async throws {
    try await withCatalogFile { path in
      let catalog = try SQLiteCatalog(path: path)
      defer { try? catalog.close() }
      try await catalog.write { try $0.insert(try someUpload(1, push: nil, path: "a")) }
      let doubled = Task {
        try await catalog.write { transaction in
          try transaction.insert(try someUpload(2, push: nil, path: "b"))
          try transaction.insert(try someUpload(1, push: nil, path: "a"))
        }
      }
      async let handled: Void = catalog.write { transaction in
        try transaction.insert(try someUpload(3, push: nil, path: "c"))
        do { try transaction.insert(try someUpload(1, push: nil, path: "a")) } catch {}
        try transaction.insert(try someUpload(4, push: nil, path: "d"))
      }
      await #expect(throws: (any Error).self) { try await doubled.value }
      try await handled
      let uploads = try await catalog.read { try $0.uploads(in: [.created], after: nil, limit: 10) }
      #expect(uploads.map(\.id) == [1, 3, 4].map { id($0) as UploadID })
    }
  }
}
