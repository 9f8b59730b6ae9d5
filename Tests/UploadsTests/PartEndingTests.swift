import Blobs
import Catalog
import Platform
import Testing
import Uploads
import Vocabulary

/// A part ends while the final upload that waits for it is about to be put together.
@Suite struct PartEndingTests {
  enum Way: CaseIterable { case deleted, expired, invalidated }

  @Test(
    "T-76 T-78 a part that ends and an assembly that is about to read it do not wait for each other",
    .timeLimit(.minutes(15)), arguments: Way.allCases)
  func noDeadlock(way: Way) async throws {
    let fixture = try EngineFixture()
    let catalog = HeldCatalog(fixture.catalog)
    let engine = UploadEngine(
      catalog: catalog, blobs: fixture.blobs, clock: fixture.clock, entropy: SystemEntropy(),
      limits: fixture.limits, wakeScheduler: {}, report: { _ in })
    let ending = try await part(engine, pattern(0..<30))
    fixture.clock.advance(seconds: 900)
    let late = try await part(engine, nil)
    let creation = CreateIntent(
      length: nil, metadata: .none, concatenation: .final(parts: [ending, late], raw: "final;/files/x"))
    let final = try #require(await engine.perform(.create(creation), body: nil, client: nil).view?.id)
    fixture.clock.advance(seconds: 200)

    catalog.holdNextWrite()
    async let ended: Void = end(engine, ending, way)
    await catalog.until { $0.isHeld }
    // Now that all parts are complete the assembly begins, and comes to the part that is ending.
    #expect(await append(engine, late, at: 0, pattern(0..<30)).appendedOffset == 30)
    await catalog.untilQuiet()
    catalog.release()
    try await ended
    #expect(try await fixture.record(ending).state == (way == .expired ? .expired : .cancelled))
    #expect(try await fixture.record(final).state == .rejected)
  }

  @Test(
    "T-76 R-36 a part whose last request sends too much ends, although all of its bytes were there for a moment"
  )
  func overflow() async throws {
    let fixture = try EngineFixture()
    let id = try await part(fixture.engine, nil)
    let creation = CreateIntent(length: nil, concatenation: .final(parts: [id], raw: "final;/files/x"))
    let final = try #require(await fixture.engine.perform(.create(creation), body: nil, client: nil).view?.id)
    let outcome = await fixture.engine.perform(
      .append(id, AppendIntent(offset: 0, completion: .later, overflow: .invalidate)),
      body: ScriptedBody([pattern(0..<30), [1]], .clean), client: nil)
    #expect(outcome.problem == .tooLarge)
    #expect(try await fixture.record(id).state == .cancelled)
    #expect(try await fixture.record(final).state == .rejected)
  }

  private func part(_ engine: UploadEngine, _ bytes: [UInt8]?) async throws -> UploadID {
    let intent = CreateIntent(length: 30, hasContent: bytes != nil, concatenation: .partial)
    let body = bytes.map { ScriptedBody([$0], .clean) }
    return try #require(await engine.perform(.create(intent), body: body, client: nil).view?.id)
  }

  private func append(_ engine: UploadEngine, _ id: UploadID, at offset: Int64, _ bytes: [UInt8]) async
    -> UploadOutcome
  {
    let intent = AppendIntent(
      offset: offset, contentLength: Int64(bytes.count), completion: .later, overflow: .invalidate)
    return await engine.perform(.append(id, intent), body: ScriptedBody([bytes], .clean), client: nil)
  }

  private func end(_ engine: UploadEngine, _ id: UploadID, _ way: Way) async throws {
    switch way {
    case .deleted: _ = await engine.perform(.terminate(id), body: nil, client: nil)
    case .expired: try await engine.expire(id)
    case .invalidated: #expect(await append(engine, id, at: 30, [1]).problem == .tooLarge)
    }
  }
}

/// Holds one write to another catalog until it is told to let it go.
private final class HeldCatalog: CatalogStore {
  struct State {
    var mustHold = false
    var isHeld = false
    var calls = 0
  }
  private let base: any CatalogStore
  private let state = Locked(State())

  init(_ base: any CatalogStore) { self.base = base }

  func holdNextWrite() { state.withLock { $0.mustHold = true } }
  func release() { state.withLock { $0.isHeld = false } }

  func until(_ condition: (State) -> Bool) async {
    while !state.withLock({ condition($0) }) { await Task.yield() }
  }

  /// Returns when no call has come for many turns of others.
  func untilQuiet() async {
    var (calls, turns) = (0, 0)
    while turns < 5000 {
      let now = state.withLock { $0.calls }
      turns = now == calls ? turns + 1 : 0
      calls = now
      await Task.yield()
    }
  }

  func read<Result: Sendable>(
    _ body: @escaping @Sendable (any CatalogReader) throws -> Result
  ) async throws -> Result {
    state.withLock { $0.calls += 1 }
    return try await base.read(body)
  }

  func write<Result: Sendable>(
    _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
  ) async throws -> Result {
    let isHolder = state.withLock { state in
      defer {
        state.isHeld = state.isHeld || state.mustHold
        state.mustHold = false
      }
      return state.mustHold
    }
    if isHolder { await until { !$0.isHeld } }
    return try await base.write(body)
  }

  func sync() async throws { try await base.sync() }
  func close() throws { try base.close() }
}
