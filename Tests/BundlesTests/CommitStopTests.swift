import Blobs
import Bundles
import Catalog
import Platform
import Scheduling
import TestSupport
import Testing
import Vocabulary

/// Cancelling and stopping a commit at every point of it.
@Suite(.timeLimit(.minutes(15))) struct CommitStopTests {
  /// Runs `act` before the `number`-th call to another catalog.
  private final class InterruptedCatalog: CatalogStore {
    private let base: any CatalogStore
    private let number: Int
    private let act: @Sendable () async throws -> Void
    private let calls = Locked(0)

    init(_ base: any CatalogStore, before number: Int, _ act: @escaping @Sendable () async throws -> Void) {
      self.base = base
      self.number = number
      self.act = act
    }
    var wasReached: Bool { calls.withLock { $0 >= number } }

    private func count() async throws {
      let isNow = calls.withLock { calls in
        calls += 1
        return calls == number
      }
      if isNow { try await act() }
    }
    func read<Result: Sendable>(
      _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws -> Result {
      try await count()
      return try await base.read(body)
    }
    func write<Result: Sendable>(
      _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
    ) async throws -> Result {
      try await count()
      return try await base.write(body)
    }
    func sync() async throws { try await base.sync() }
    func close() throws { try base.close() }
  }

  private func manyFiles(_ fixture: CommitFixture) async throws -> PushID {
    let contents = Dictionary(uniqueKeysWithValues: (0..<1100).map { ("file\($0)", "\($0 % 7)") })
    return try await fixture.admit(contents).push
  }

  private func committer(_ fixture: CommitFixture, _ catalog: any CatalogStore) -> Committer {
    Committer(catalog: catalog, blobs: fixture.store(), logs: fixture.logs(), clock: fixture.clock)
  }

  private static func cancel(_ fixture: CommitFixture, _ id: PushID) async throws {
    try await fixture.catalog.write { transaction in
      guard var push = try transaction.push(id) else { return }
      push.state = .cancelled
      try transaction.update(push)
    }
  }

  private func expectNothing(of id: PushID, _ fixture: CommitFixture) async throws {
    #expect(try await fixture.bundles() == [])
    #expect(try await fixture.events(.pushCommitted) == 0)
    let files = try fixture.temporary.files()
    #expect(files.filter { $0.hasPrefix("bundles/inbox/") } == [])
    #expect(files.filter { $0.contains(".incoming/") || $0.hasSuffix(".tmp") } == [])
    let uploads = try await fixture.catalog.read { try $0.uploads(ofPush: id, after: nil, limit: 2000) }
    #expect(uploads.allSatisfy { $0.state == .verified })
    #expect(fixture.reports.withLock { $0 } == [])
  }

  @Test("a push cancelled at any point of its commit leaves no bundle, no descriptor and no half manifest")
  func cancelled() async throws {
    var call = 1
    while true {
      let fixture = try CommitFixture()
      let id = try await manyFiles(fixture)
      let catalog = InterruptedCatalog(fixture.catalog, before: call) { try await Self.cancel(fixture, id) }
      do {
        try await committer(fixture, catalog).commit(id)
        // The commit was through before its turn came.
        #expect(!catalog.wasReached)
        #expect(try await fixture.record(id).state == .committed)
        break
      } catch is CommitStopped {
        #expect(try await fixture.record(id).state == .cancelled)
        try await expectNothing(of: id, fixture)
      }
      call += 1
    }
    // Begin, three pages of uploads, the number, the publication.
    #expect(call == 7)
  }

  @Test(
    "T12 a commit asked to stop at any point ends without a bundle, and makes the same bundle when it runs again"
  )
  func stopped() async throws {
    for call in 1...5 {
      let fixture = try CommitFixture()
      let id = try await manyFiles(fixture)
      let stop = CommitStop()
      let catalog = InterruptedCatalog(fixture.catalog, before: call) { stop.request() }
      await #expect(throws: CommitStopped.self) {
        try await committer(fixture, catalog).commit(id, until: stop)
      }
      try await expectNothing(of: id, fixture)
      #expect(try await fixture.record(id).state == .committing)
      try await fixture.readmit(id)
      try await fixture.committer().commit(id)
      let bundle = try #require(try await fixture.bundles().first)
      let record = try await fixture.record(id)
      #expect(bundle.fileCount == 1100 && bundle.id == record.bundle)
    }
  }

  @Test(
    "a descriptor that cannot be removed after a cancellation is reported, and a check of the folder calls it unknown"
  )
  func descriptorStays() async throws {
    let fixture = try CommitFixture()
    let id = try await manyFiles(fixture)
    let catalog = InterruptedCatalog(fixture.catalog, before: 6) {
      try await Self.cancel(fixture, id)
      fixture.files.fail(call: 1, isLasting: true)
    }
    await #expect(throws: CommitStopped.self) { try await committer(fixture, catalog).commit(id) }
    fixture.files.heal()
    #expect(try await fixture.bundles() == [])
    #expect(try fixture.temporary.files().contains { $0.hasPrefix("bundles/inbox/") })
    #expect(fixture.reports.withLock { $0.contains { $0.contains("could not be removed") } })
  }
}
