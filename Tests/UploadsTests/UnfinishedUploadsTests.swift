import Catalog
import Platform
import TestSupport
import Testing
import Uploads
import Vocabulary

/// Limits on what is unfinished: uploads per client, and bytes in all.
@Suite struct UnfinishedUploadsTests {
  private func create(
    _ engine: UploadEngine, _ length: Int64?, by client: String?, content: [UInt8]? = nil,
    _ metadata: [String: String] = [:]
  ) async -> UploadOutcome {
    let pairs = metadata.map { UploadMetadata.Pair(key: $0.key, value: Array($0.value.utf8)) }
    let intent = CreateIntent(
      length: length, metadata: UploadMetadata(raw: nil, pairs: pairs), hasContent: content != nil,
      contentLength: content.map { Int64($0.count) })
    return await engine.perform(
      .create(intent), body: content.map { ScriptedBody([$0], .clean) }, client: client)
  }

  private func append(_ engine: UploadEngine, _ id: UploadID, at offset: Int64, _ bytes: [UInt8]) async
    -> UploadOutcome
  {
    await engine.perform(
      .append(id, AppendIntent(offset: offset)), body: ScriptedBody([bytes], .clean), client: nil)
  }

  @Test("429 for a client with too many unfinished uploads; others are not concerned")
  func perClient() async throws {
    let engine = try EngineFixture().limited(
      clientName: { $0 == "proxy" ? nil : $0 }, { $0.maximumOpenPerClient = 2 })
    let first = await create(engine, 10, by: "a")
    #expect(first.createdID != nil)
    #expect(await create(engine, 10, by: "a").createdID != nil)
    #expect(await create(engine, 10, by: "a").problem == .tooManyUploads)
    #expect(await create(engine, 10, by: "b").createdID != nil)
    for _ in 0..<4 { #expect(await create(engine, 10, by: "proxy").createdID != nil) }
    for _ in 0..<4 { #expect(await create(engine, 10, by: nil).createdID != nil) }
  }

  @Test("finishing, rejection, cancelling and expiry give an upload's place free", arguments: 0..<4)
  func places(way: Int) async throws {
    let fixture = try EngineFixture()
    let engine = fixture.limited { limits in
      limits.maximumOpenPerClient = 1
      limits.maximumPartialBytes = 10
    }
    let wrong = String(repeating: "0", count: 64)
    let made = await create(engine, 10, by: "a", way == 1 ? ["sha256": wrong] : [:])
    let id = try #require(made.createdID)
    #expect(await create(engine, 1, by: "a").problem == .tooManyUploads)
    #expect(await create(engine, 1, by: "b").problem == .tooMuchUnfinished)
    switch way {
    case 0: #expect(await append(engine, id, at: 0, pattern(0..<10)).appendedOffset == 10)
    case 1: #expect(await append(engine, id, at: 0, pattern(0..<10)).problem == .uploadRejected)
    case 2: _ = await engine.perform(.terminate(id), body: nil, client: nil)
    default:
      fixture.clock.advance(seconds: 100_000)
      try await engine.expire(id)
    }
    #expect(await create(engine, 10, by: "a").createdID != nil)
  }

  @Test("503 when all unfinished uploads come to too many bytes; 413 when one alone would")
  func bytes() async throws {
    let engine = try EngineFixture().limited { $0.maximumPartialBytes = 100 }
    #expect(await create(engine, 101, by: nil).problem == .tooLarge)
    #expect(await create(engine, 60, by: nil).createdID != nil)
    #expect(await create(engine, 41, by: nil).problem == .tooMuchUnfinished)
    #expect(await create(engine, 40, by: nil).createdID != nil)
    #expect(await create(engine, nil, by: nil).problem == .tooMuchUnfinished)
  }

  @Test("an upload without a length counts with the bytes it has, and with its length once it is stated")
  func deferred() async throws {
    let engine = try EngineFixture().limited { $0.maximumPartialBytes = 100 }
    let id = try #require(await create(engine, nil, by: nil).createdID)
    #expect(await append(engine, id, at: 0, pattern(0..<30)).appendedOffset == 30)
    #expect(await create(engine, 71, by: nil).problem == .tooMuchUnfinished)
    let other = try #require(await create(engine, 70, by: nil).createdID)
    _ = await engine.perform(.terminate(other), body: nil, client: nil)
    let stated = await engine.perform(
      .append(id, AppendIntent(offset: 30, length: 90)), body: ScriptedBody([pattern(30..<40)], .clean),
      client: nil)
    #expect(stated.appendedOffset == 40)
    #expect(await create(engine, 11, by: nil).problem == .tooMuchUnfinished)
    #expect(await create(engine, 10, by: nil).createdID != nil)
  }

  @Test("small uploads that come whole, and empty ones, never count")
  func wholeOnes() async throws {
    let engine = try EngineFixture().limited { limits in
      limits.maximumOpenPerClient = 1
      limits.maximumPartialBytes = 10
      limits.smallBytes = 1000
    }
    #expect(await create(engine, 10, by: "a").createdID != nil)
    for count in [0, 1, 500, 1000] {
      #expect(await create(engine, Int64(count), by: "a", content: pattern(0..<count)).problem == nil)
    }
    #expect(await create(engine, 0, by: "a").problem == nil)
    #expect(await create(engine, 1000, by: "a", content: pattern(0..<999)).problem == .tooManyUploads)
  }

  @Test("a creation that takes the place of an unfinished upload needs no place of its own")
  func replacing() async throws {
    let fixture = try EngineFixture()
    let engine = fixture.limited { limits in
      limits.maximumOpenPerClient = 1
      limits.maximumPartialBytes = 10
    }
    let push = try await fixture.openPush()
    let metadata = ["push": push.text, "path": "a.txt"]
    let first = try #require(await create(engine, 10, by: "a", metadata).createdID)
    let second = try #require(await create(engine, 9, by: "a", metadata).createdID)
    #expect(first != second)
    #expect(await create(engine, 1, by: "a").problem == .tooManyUploads)
    _ = await engine.perform(.terminate(second), body: nil, client: nil)
    #expect(await create(engine, 10, by: "a").createdID != nil)
  }

  @Test("a refused creation leaves nothing, and a restart counts what is there")
  func restart() async throws {
    let fixture = try EngineFixture()
    let limits: (inout UploadLimits) -> Void = { limits in
      limits.maximumOpenPerClient = 3
      limits.maximumPartialBytes = 100
    }
    let engine = fixture.limited(limits)
    let declared = try #require(await create(engine, 50, by: "a").createdID)
    let deferred = try #require(await create(engine, nil, by: "a").createdID)
    #expect(await append(engine, deferred, at: 0, pattern(0..<20)).appendedOffset == 20)
    #expect(await create(engine, 31, by: "a").problem == .tooMuchUnfinished)
    let again = fixture.limited(limits)
    try await again.recover()
    #expect(await create(again, 31, by: "a").problem == .tooMuchUnfinished)
    #expect(await create(again, 30, by: "a").createdID != nil)
    #expect(await create(again, 0, by: "a").problem == nil)
    _ = await again.perform(.terminate(deferred), body: nil, client: nil)
    #expect(await create(again, 20, by: "a").createdID != nil)
    #expect(await create(again, 20, by: "a").problem == .tooManyUploads)
    _ = await again.perform(.terminate(declared), body: nil, client: nil)
    #expect(await create(again, 50, by: "a").createdID != nil)
  }
}

extension UploadOutcome {
  fileprivate var createdID: UploadID? { if case .created(let view, _) = self { view.id } else { nil } }
}
