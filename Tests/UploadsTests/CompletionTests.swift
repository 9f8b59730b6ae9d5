import Blobs
import Catalog
import Platform
import Testing
import Uploads
import Vocabulary

/// When an upload is complete, for clients that say so and for those that count.
@Suite struct CompletionTests {
  @Test(
    "R-3 R-34 a request that is not the last leaves the upload open at its full length", arguments: [0, 1000])
  func later(smallBytes: Int) async throws {
    let fixture = try EngineFixture(smallBytes: smallBytes)
    let id = try await fixture.create(10)
    let outcome = await fixture.perform(
      AppendIntent(offset: 0, completion: .later), on: id, ScriptedBody([pattern(0..<10)], .clean))
    #expect(outcome.appendedOffset == 10)
    #expect(try await fixture.record(id).state == .receiving)
    // an empty last request completes it.
    let last = await fixture.perform(
      AppendIntent(offset: 10, contentLength: 0, completion: .withRequest), on: id, ScriptedBody([], .clean))
    #expect(last.view?.state == .verified)
  }

  @Test("R-12 the clean end of a last request of unknown length completes the upload", arguments: [0, 1000])
  func withRequest(smallBytes: Int) async throws {
    let fixture = try EngineFixture(smallBytes: smallBytes)
    let outcome = await fixture.perform(
      CreateIntent(length: nil, hasContent: true, completion: .withRequest), pattern(0..<77))
    let view = try #require(outcome.view)
    #expect(view.length == 77)
    #expect(try await fixture.record(view.id).digest == SHA256Stream.digest(of: pattern(0..<77)))
  }

  @Test("R-16 a last request that breaks off completes nothing and keeps what arrived")
  func broken() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(nil)
    _ = await fixture.perform(
      AppendIntent(offset: 0, completion: .withRequest), on: id, ScriptedBody([pattern(0..<7)], .broken))
    #expect(try await fixture.offset(id) == 7)
    #expect(try await fixture.record(id).state == .receiving)
  }

  @Test(
    "R-4 a last request that ends short of the length is told so, and its bytes stay", arguments: [0, 1000])
  func short(smallBytes: Int) async throws {
    let fixture = try EngineFixture(smallBytes: smallBytes)
    let id = try await fixture.create(10)
    let outcome = await fixture.perform(
      AppendIntent(offset: 0, completion: .withRequest), on: id, ScriptedBody([pattern(0..<4)], .clean))
    #expect(outcome.problem == .inconsistentLength)
    #expect(outcome.view?.offset == 4)
    #expect(try await fixture.offset(id) == 4)
  }

  @Test(
    "R-36 more than the length ends an upload whose dialect says so, and later requests are told",
    arguments: [
      0, 1000,
    ], [nil, Int64(11)])
  func invalidated(smallBytes: Int, contentLength: Int64?) async throws {
    let fixture = try EngineFixture(smallBytes: smallBytes)
    let id = try await fixture.create(10)
    let outcome = await fixture.perform(
      AppendIntent(offset: 0, contentLength: contentLength, completion: .later, overflow: .invalidate),
      on: id,
      ScriptedBody([pattern(0..<11)], .clean))
    #expect(outcome.problem == .tooLarge)
    #expect(await fixture.inspect(id).problem == .uploadInvalid)
    #expect(try await fixture.blobs.partialSize(id) == nil)
  }

  @Test("B-14 more than a request may bring is refused, and the upload stays as it was")
  func appendLimit() async throws {
    let fixture = try EngineFixture(maximumAppendBytes: 5)
    let id = try await fixture.create(10)
    for contentLength in [Int64?.none, 6] {
      let outcome = await fixture.perform(
        AppendIntent(offset: 0, contentLength: contentLength, overflow: .invalidate), on: id,
        ScriptedBody([pattern(0..<6)], .clean))
      #expect(outcome.problem == .tooLarge)
      #expect(try await fixture.offset(id) == 0)
    }
    #expect(await fixture.append(id, at: 0, pattern(0..<5)).appendedOffset == 5)
    #expect(await fixture.append(id, at: 5, pattern(5..<10)).appendedOffset == 10)
  }

  @Test("a creation that breaks off after its URL was told keeps the upload, and the refusal names it")
  func brokenCreation() async throws {
    let fixture = try EngineFixture(smallBytes: 1000)
    let told = Locked<[UploadNotice]>([])
    let outcome = await fixture.engine.perform(
      .create(CreateIntent(length: 100, hasContent: true, completion: .withRequest)),
      body: ScriptedBody([pattern(0..<40)], .broken), client: nil,
      notify: { notice in told.withLock { $0.append(notice) } })
    let notice = told.withLock { $0.first }
    guard case .created(let view) = try #require(notice) else {
      Issue.record("\(String(describing: notice))")
      return
    }
    #expect(outcome.problem == .takenOver)
    #expect(outcome.view?.id == view.id)
    #expect(try await fixture.offset(view.id) == 40)
  }

  @Test(
    "a creation with a key that is sent again is the one that is there; another one with that key is refused")
  func idempotency() async throws {
    let fixture = try EngineFixture(smallBytes: 1000)
    let intent = CreateIntent(length: 3, hasContent: true, idempotencyKey: "k1")
    let first = await fixture.perform(intent, [1, 2, 3])
    let second = await fixture.perform(intent, [1, 2, 3])
    #expect(first.view?.id == second.view?.id)
    #expect(second.view?.state == .verified)
    let other = CreateIntent(length: 4, hasContent: true, idempotencyKey: "k1")
    #expect(await fixture.perform(other, [1, 2, 3, 4]).problem == .idempotencyKeyReused)
    fixture.clock.advance(seconds: 25 * 3600)
    try await fixture.engine.forgetRequests()
    #expect(await fixture.perform(other, [1, 2, 3, 4]).view?.state == .verified)
  }

  @Test("MUST-1 R-1 the refusal of a creation that broke off tells what is stored of it, not less")
  func offsetOfBrokenCreation() async throws {
    let fixture = try EngineFixture()
    let outcome = await fixture.engine.perform(
      .create(CreateIntent(length: 100, hasContent: true, completion: .withRequest)),
      body: ScriptedBody([pattern(0..<40)], .broken), client: nil)
    #expect(outcome.problem == .takenOver)
    let view = try #require(outcome.view)
    #expect(view.offset == 40)
    // T-25: it is an orphan all the same.
    #expect(view.expiresAt == fixture.clock.now().adding(seconds: 10))
    #expect(try await fixture.offset(view.id) == 40)
  }

  @Test(
    "R-10 a creation that broke off after its URL was told keeps the lifetime it was told, and so does one with a key",
    arguments: [nil, "key"])
  func toldCreation(key: String?) async throws {
    let fixture = try EngineFixture()
    let intent = CreateIntent(
      length: 100, hasContent: true, completion: .withRequest, idempotencyKey: key)
    let hear: UploadEngine.Notify = { _ in }
    let outcome = await fixture.engine.perform(
      .create(intent), body: ScriptedBody([pattern(0..<40)], .broken), client: nil,
      notify: key == nil ? hear : nil)
    let id = try #require(outcome.view?.id)
    #expect(try await fixture.record(id).expiresAt == fixture.clock.now().adding(seconds: 1000))
  }

  @Test("of two creations with one key at once, the other one is told that the key is taken")
  func keyRace() async throws {
    let fixture = try EngineFixture()
    for turn in 0..<30 {
      let outcomes = await withTaskGroup(of: UploadOutcome.self) { group in
        for count in [20, 30] {
          group.addTask {
            await fixture.perform(
              CreateIntent(
                length: Int64(count), hasContent: true, contentLength: Int64(count), completion: .withRequest,
                idempotencyKey: "key \(turn)"), pattern(0..<count))
          }
        }
        return await group.reduce(into: [UploadOutcome]()) { $0.append($1) }
      }
      #expect(outcomes.count { $0.problem == .idempotencyKeyReused } == 1, "\(outcomes)")
      #expect(outcomes.count { $0.view?.state == .verified } == 1, "\(outcomes)")
    }
  }
}
