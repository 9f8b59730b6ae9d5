import Blobs
import Catalog
import Platform
import Testing
import Uploads
import Vocabulary

@Suite struct ConcatenationTests {
  private func partial(_ fixture: EngineFixture, _ bytes: [UInt8]?, length: Int64? = nil) async throws
    -> UploadID
  {
    let intent = CreateIntent(
      length: length ?? bytes.map { Int64($0.count) }, hasContent: bytes != nil, concatenation: .partial)
    let outcome = await fixture.perform(intent, bytes ?? [])
    return try #require(outcome.view?.id, "\(outcome)")
  }

  private func final(_ fixture: EngineFixture, _ parts: [UploadID], _ name: String = "whole") async
    -> UploadOutcome
  {
    let metadata = UploadMetadata(raw: nil, pairs: [.init(key: "filename", value: Array(name.utf8))])
    return await fixture.perform(
      CreateIntent(
        length: nil, metadata: metadata, concatenation: .final(parts: parts, raw: "final;/files/x")))
  }

  private func untilAssembled(_ fixture: EngineFixture, _ id: UploadID) async throws -> UploadView {
    for _ in 0..<1_000_000 {
      if let view = await fixture.inspect(id).view, view.state == .verified { return view }
      await Task.yield()
    }
    throw EngineFixture.Unexpected(await fixture.inspect(id))
  }

  @Test("T-71 T-73 a final upload is its parts in their order, one of them twice", arguments: [0, 1000])
  func order(smallBytes: Int) async throws {
    let fixture = try EngineFixture(smallBytes: smallBytes)
    let one = try await partial(fixture, pattern(0..<30))
    let two = try await partial(fixture, pattern(30..<70))
    let outcome = await final(fixture, [two, one, two])
    let view = try #require(outcome.view)
    #expect(view.offset == 110 && view.length == 110 && view.state == .verified)
    let expected = pattern(30..<70) + pattern(0..<30) + pattern(30..<70)
    #expect(view.digest == SHA256Stream.digest(of: expected))
    let again = await final(fixture, [one, two], "other")
    #expect(again.view?.digest == SHA256Stream.digest(of: pattern(0..<70)))
    #expect(
      try await fixture.record(view.id).concatenation
        == .final(parts: [two, one, two], raw: "final;/files/x"))
  }

  @Test("T-79 a final upload that is there is not refused because the upkeep looked at it, too")
  func upkeepMeanwhile() async throws {
    let fixture = try EngineFixture()
    let part = try await partial(fixture, [UInt8](repeating: 1, count: 200_000))
    for turn in 0..<50 {
      async let upkeep: Void = {
        for _ in 0..<5 { try await fixture.engine.assembleWaiting() }
      }()
      let outcome = await final(fixture, [part, part, part], "turn \(turn)")
      try await upkeep
      let view = try #require(outcome.view, "\(outcome)")
      #expect(try await untilAssembled(fixture, view.id).length == 600_000)
    }
  }

  @Test("T-74 T-75 a complete part is no file of its own: it stays open, with its offset")
  func parts() async throws {
    let fixture = try EngineFixture()
    let one = try await partial(fixture, pattern(0..<30))
    #expect(try await fixture.offset(one) == 30)
    let record = try await fixture.record(one)
    #expect(record.state == .receiving && record.push == nil && record.digest == nil)
    #expect(await fixture.append(one, at: 30, []).appendedOffset == 30)
  }

  @Test("T-76 a final upload of unfinished parts waits for them; its offset says nothing meanwhile")
  func unfinished() async throws {
    let fixture = try EngineFixture()
    let one = try await partial(fixture, nil, length: 30)
    let two = try await partial(fixture, nil)
    let view = try #require(await final(fixture, [one, two]).view)
    #expect(view.isAssembling && view.length == nil)
    _ = await fixture.append(one, at: 0, pattern(0..<30))
    #expect(await fixture.inspect(view.id).view?.isAssembling == true)
    _ = await fixture.perform(
      AppendIntent(offset: 0, length: 12), on: two, ScriptedBody([pattern(30..<42)], .clean))
    let done = try await untilAssembled(fixture, view.id)
    #expect(done.digest == SHA256Stream.digest(of: pattern(0..<42)))
  }

  @Test("T-72 T-73 a final upload takes no content")
  func content() async throws {
    let fixture = try EngineFixture()
    let one = try await partial(fixture, nil, length: 30)
    let waiting = try #require(await final(fixture, [one]).view)
    #expect(await fixture.append(waiting.id, at: 0, [1]).problem == .finalImmutable)
    _ = await fixture.append(one, at: 0, pattern(0..<30))
    _ = try await untilAssembled(fixture, waiting.id)
    #expect(await fixture.append(waiting.id, at: 30, [1]).problem == .finalImmutable)
  }

  @Test("T-77 B-24 parts that are none, are gone, or do not exist make no final upload")
  func strangers() async throws {
    let fixture = try EngineFixture()
    let one = try await partial(fixture, pattern(0..<30))
    let whole = try await fixture.create(3)
    let made = try #require(await final(fixture, [one]).view)
    #expect(await final(fixture, [one, whole]).problem == .notPartial)
    #expect(await final(fixture, [one, made.id]).problem == .notPartial)
    let unknown = UploadID.make(clock: fixture.clock, entropy: SystemEntropy())
    #expect(await final(fixture, [one, unknown]).problem == .notFound)
    _ = await fixture.engine.perform(.terminate(one), body: nil, client: nil)
    #expect(await final(fixture, [one], "late").problem == .gone)
  }

  @Test("T-78 parts that come to more than the limit make no final upload")
  func limit() async throws {
    let fixture = try EngineFixture(maximumBytes: 50)
    let one = try await partial(fixture, pattern(0..<30))
    #expect(await final(fixture, [one, one]).problem == .tooLarge)
  }

  @Test("T-79 the same final upload asked for again is the one that is there, for some minutes")
  func again() async throws {
    let fixture = try EngineFixture()
    let one = try await partial(fixture, pattern(0..<30))
    let first = try #require(await final(fixture, [one]).view)
    #expect(await final(fixture, [one]).view?.id == first.id)
    #expect(await final(fixture, [one, one]).view?.id != first.id)
    fixture.clock.advance(seconds: 601)
    #expect(await final(fixture, [one]).view?.id != first.id)
  }

  @Test("T-79 an assembly that a restart cut off is done again from the beginning")
  func restart() async throws {
    let fixture = try EngineFixture()
    let one = try await partial(fixture, nil, length: 30)
    let view = try #require(await final(fixture, [one]).view)
    // Half of an assembly, as a kill leaves it.
    let half = try await fixture.blobs.createPartial(view.id, urgency: .whenIdle)
    try half.append(pattern(7..<20), isStaged: false)
    half.close()
    _ = await fixture.append(one, at: 0, pattern(0..<29))
    let restarted = fixture.restarted()
    try await restarted.recover()
    _ = await restarted.perform(
      .append(one, AppendIntent(offset: 29)), body: ScriptedBody([pattern(29..<30)], .clean), client: nil)
    let done = try await untilAssembled(fixture, view.id)
    #expect(done.digest == SHA256Stream.digest(of: pattern(0..<30)))
  }

  @Test(
    "a part that ends before it was put together ends the final uploads that wait for it",
    arguments: [true, false])
  func lostPart(isDeleted: Bool) async throws {
    let fixture = try EngineFixture()
    let one = try await partial(fixture, nil, length: 30)
    let view = try #require(await final(fixture, [one]).view)
    if isDeleted {
      _ = await fixture.engine.perform(.terminate(one), body: nil, client: nil)
    } else {
      fixture.clock.advance(seconds: 5000)
      try await fixture.engine.expire(one)
    }
    #expect(await fixture.inspect(view.id).problem == .uploadRejected)
  }

  /// A final upload of two complete parts that waits for space on the disk, for as long as a test likes.
  private struct Waiting {
    let fixture: EngineFixture
    let engine: UploadEngine
    let files = TightFileSystem(free: 1 << 30)
    var parts: [UploadID] = []
    var id: UploadID

    init() async throws {
      fixture = try EngineFixture()
      engine = fixture.limited(files: files) { $0.reserveBytes = 1 << 20 }
      for _ in 0..<2 {
        let part = await engine.perform(
          .create(CreateIntent(length: nil, concatenation: .partial)), body: nil, client: nil)
        parts.append(try #require(part.view?.id, "\(part)"))
        _ = await fixture.append(parts.last!, at: 0, pattern(0..<30))
      }
      let created = await engine.perform(
        .create(CreateIntent(length: nil, concatenation: .final(parts: parts, raw: "final;/x"))), body: nil,
        client: nil)
      id = try #require(created.view?.id, "\(created)")
      files.setFree(0)
      fixture.clock.advance(seconds: 1)
      // A length stated late completes a part without a byte.
      for part in parts {
        let outcome = await engine.perform(
          .append(part, AppendIntent(offset: 30, length: 30, contentLength: 0)), body: nil, client: nil)
        guard outcome.appendedOffset == 30 else { throw EngineFixture.Unexpected(outcome) }
      }
    }

    func isTerminated(_ id: UploadID) async -> Bool {
      if case .terminated = await engine.perform(.terminate(id), body: nil, client: nil) { return true }
      return false
    }
  }

  @Test("T-78 parts that a final upload is being put together of neither expire nor go, until it is there")
  func partsInUse() async throws {
    let waiting = try await Waiting()
    let refused = await waiting.engine.perform(.terminate(waiting.parts[1]), body: nil, client: nil)
    #expect(refused.problem == .busy)
    let overflowing = await waiting.engine.perform(
      .append(waiting.parts[0], AppendIntent(offset: 30, contentLength: 5, overflow: .invalidate)), body: nil,
      client: nil)
    #expect(overflowing.problem == .busy)
    waiting.fixture.clock.advance(seconds: 5000)
    for part in waiting.parts { try await waiting.engine.expire(part) }
    waiting.files.setFree(1 << 30)
    waiting.fixture.clock.advance(seconds: 1)
    try await waiting.engine.assembleWaiting()
    let done = try await untilAssembled(waiting.fixture, waiting.id)
    #expect(done.digest == SHA256Stream.digest(of: pattern(0..<30) + pattern(0..<30)))
    try await waiting.engine.expire(waiting.parts[0])
    #expect(try await waiting.fixture.record(waiting.parts[0]).state == .expired)
    #expect(await waiting.isTerminated(waiting.parts[1]))
    #expect(await waiting.fixture.inspect(waiting.id).view?.digest == done.digest)
  }

  @Test("a final upload can be deleted while it is put together, and its parts after it")
  func finalDeleted() async throws {
    let waiting = try await Waiting()
    #expect(await waiting.isTerminated(waiting.id))
    for part in waiting.parts { #expect(await waiting.isTerminated(part)) }
    #expect(await waiting.fixture.inspect(waiting.id).problem == .gone)
  }

  @Test("B-13 parts without bytes make a final upload without bytes")
  func empty() async throws {
    let fixture = try EngineFixture()
    let one = try await partial(fixture, nil, length: 0)
    let view = try #require(await final(fixture, [one, one]).view)
    #expect(view.state == .verified && view.length == 0)
  }

  @Test("T-76 a final upload ends with a part whose end nobody told it of: a crash came in between")
  func silentEnd() async throws {
    let fixture = try EngineFixture()
    let one = try await partial(fixture, pattern(0..<30))
    let two = try await partial(fixture, nil, length: 30)
    let view = try #require(await final(fixture, [one, two]).view)
    var ended = try await fixture.record(two)
    ended.state = .cancelled
    let saved = ended
    try await fixture.catalog.write { try $0.update(saved) }
    let engine = fixture.restarted()
    try await engine.assembleWaiting()
    var problem: Problem?
    for _ in 0..<1_000_000 where problem == nil {
      problem = await engine.perform(.inspect(view.id), body: nil, client: nil).problem
      await Task.yield()
    }
    #expect(problem == .uploadRejected)
    #expect(try await fixture.record(view.id).reason?.contains(two.text) == true)
  }

  @Test("R-12 T-76 a part's last request makes its end its length, also by the drafts")
  func lastRequest() async throws {
    let fixture = try EngineFixture()
    let one = try await partial(fixture, nil)
    let view = try #require(await final(fixture, [one]).view)
    let outcome = await fixture.perform(
      AppendIntent(offset: 0, completion: .withRequest), on: one, ScriptedBody([pattern(0..<9)], .clean))
    #expect(outcome.view?.length == 9)
    #expect(try await fixture.record(one).length == 9)
    #expect(try await untilAssembled(fixture, view.id).digest == SHA256Stream.digest(of: pattern(0..<9)))
  }
}
