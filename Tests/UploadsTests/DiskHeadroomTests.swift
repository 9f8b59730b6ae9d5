import Catalog
import Foundation
import Platform
import TestSupport
import Testing
import Uploads
import Vocabulary

@Suite struct DiskHeadroomTests {
  private static let reserve: Int64 = 1_000_000

  private func headroom(
    _ space: Locked<DiskHeadroom.Space>, _ clock: ManualClock, reserve: Int64 = reserve
  ) -> DiskHeadroom {
    DiskHeadroom(
      reserveBytes: reserve, clock: clock, spawn: { _ in }, measure: { space.withLock { $0 } })
  }

  @Test("what is taken between two measurements counts, and the reserve stays free")
  func taking() async {
    let clock = ManualClock()
    let headroom = headroom(Locked((free: Self.reserve + 100, total: 1 << 40)), clock)
    #expect(await headroom.problem() == nil)
    #expect(headroom.take(60))
    #expect(!headroom.take(41))
    #expect(headroom.take(40))
    #expect(await headroom.problem()?.problem == .storageFull)
    #expect(!headroom.take(1))
  }

  @Test("space that returns is seen with the next measurement")
  func recovery() async {
    let clock = ManualClock()
    let space = Locked<DiskHeadroom.Space>((free: 10, total: 1 << 40))
    let headroom = headroom(space, clock)
    #expect(await headroom.problem()?.problem == .storageFull)
    space.withLock { $0.free = 1 << 30 }
    #expect(await headroom.problem()?.problem == .storageFull)
    clock.advance(milliseconds: 250)
    #expect(await headroom.problem() == nil)
    #expect(headroom.take(1 << 20))
  }

  @Test("the reserve is at most a twentieth of the storage, whatever is set")
  func smallStorage() async {
    let clock = ManualClock()
    let space = Locked<DiskHeadroom.Space>((free: 51, total: 1000))
    let headroom = headroom(space, clock, reserve: .max)
    #expect(await headroom.problem() == nil)
    #expect(headroom.take(1))
    #expect(!headroom.take(1))
  }

  @Test("a reserve of 0 measures nothing and refuses nothing")
  func off() async {
    let clock = ManualClock()
    let measured = Locked(false)
    let headroom = DiskHeadroom(
      reserveBytes: 0, clock: clock, spawn: { _ in },
      measure: {
        measured.withLock { $0 = true }
        return (0, 0)
      })
    #expect(await headroom.problem() == nil)
    #expect(headroom.take(.max))
    #expect(!measured.withLock { $0 })
  }

  @Test(
    "507 below the reserve: no creation and no content, but HEAD, DELETE and finishing; and all again with space"
  )
  func engine() async throws {
    let fixture = try EngineFixture()
    let files = TightFileSystem(free: 1 << 30)
    let engine = fixture.limited(files: files) { $0.reserveBytes = Self.reserve }
    let doomed = try await fixture.create(100)
    let kept = try await fixture.create(100)
    let full = try await fixture.create(nil)
    for id in [doomed, kept, full] { _ = await fixture.append(id, at: 0, pattern(0..<40)) }
    files.setFree(Self.reserve - 1)
    let created = await engine.perform(.create(CreateIntent(length: 5)), body: nil, client: nil)
    #expect(created.problem == .storageFull)
    let appended = await engine.perform(
      .append(kept, AppendIntent(offset: 40)), body: ScriptedBody([pattern(40..<100)], .clean), client: nil)
    #expect(appended.problem == .storageFull)
    guard case .refused(_, let view?) = appended else { throw EngineFixture.Unexpected(appended) }
    #expect(view.offset == 40)
    guard case .inspected(let seen) = await engine.perform(.inspect(kept), body: nil, client: nil) else {
      throw EngineFixture.Unexpected(appended)
    }
    #expect(seen.offset == 40)
    // A length stated late completes the upload without a byte.
    let finished = await engine.perform(
      .append(full, AppendIntent(offset: 40, length: 40, contentLength: 0)), body: nil, client: nil)
    #expect(finished.appendedOffset == 40)
    #expect(try await fixture.record(full).state == .verified)
    guard case .terminated = await engine.perform(.terminate(doomed), body: nil, client: nil) else {
      throw EngineFixture.Unexpected(created)
    }
    files.setFree(1 << 30)
    fixture.clock.advance(seconds: 1)
    let again = await engine.perform(
      .append(kept, AppendIntent(offset: 40)), body: ScriptedBody([pattern(40..<100)], .clean), client: nil)
    #expect(again.appendedOffset == 100)
    #expect(try await fixture.record(kept).digest == SHA256Stream.digest(of: pattern(0..<100)))
  }

  @Test("an append that reaches the reserve is broken off with 507 and keeps what it has, also in a creation")
  func brokenOff() async throws {
    let fixture = try EngineFixture()
    let files = TightFileSystem(free: Self.reserve + 70)
    let engine = fixture.limited(files: files) { $0.reserveBytes = Self.reserve }
    let id = try await fixture.create(200)
    let body = ScriptedBody([pattern(0..<60), pattern(60..<120), pattern(120..<200)], .clean)
    let outcome = await engine.perform(.append(id, AppendIntent(offset: 0)), body: body, client: nil)
    #expect(outcome.problem == .storageFull)
    #expect(files.measurementCount == 1)
    #expect(try await fixture.offset(id) == 60)
    files.setFree(1 << 30)
    fixture.clock.advance(seconds: 1)
    let rest = await engine.perform(
      .append(id, AppendIntent(offset: 60)), body: ScriptedBody([pattern(60..<200)], .clean), client: nil)
    #expect(rest.appendedOffset == 200)
    #expect(try await fixture.record(id).digest == SHA256Stream.digest(of: pattern(0..<200)))
  }

  @Test("a checksummed chunk that reaches the reserve is discarded as a whole")
  func checksummed() async throws {
    let fixture = try EngineFixture()
    let engine = fixture.limited(files: TightFileSystem(free: Self.reserve + 70)) {
      $0.reserveBytes = Self.reserve
    }
    let id = try await fixture.create(200)
    let stream = ChecksumStream(.md5)
    stream.update(pattern(0..<120))
    let outcome = await engine.perform(
      .append(
        id, AppendIntent(offset: 0, checks: .checksum(Checksum(algorithm: .md5, bytes: stream.finish())))),
      body: ScriptedBody([pattern(0..<60), pattern(60..<120)], .clean), client: nil)
    #expect(outcome.problem == .storageFull)
    #expect(try await fixture.offset(id) == 0)
  }
}
