import Catalog
import CatalogSQLite
import Platform
import Scheduling
import TestSupport
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(15))) struct SchedulerRunnerTests {
  private let fixture: RunnerFixture

  init() throws { fixture = try RunnerFixture() }

  @Test("T9 a queued push is admitted with a bundle id, committed, and the round's place is remembered")
  func commit() async throws {
    let id = try await fixture.push("a", .queued)
    await fixture.run { handler in
      #expect(await handler.next() == id)
      handler.finish(id)
      await fixture.untilIdle()
    }
    let push = try await fixture.record(id)
    #expect(push.state == .committed && push.attempts == 1 && push.bundle != nil)
    #expect(try await fixture.catalog.read { try $0.schedulerCursor() } == RepoName("a"))
    let events = try await fixture.catalog.read { try $0.events(after: 0, limit: 10) }
    #expect(events.map(\.event.kind) == [.pushAdmitted])
    #expect(fixture.runner.snapshot.started == 1 && fixture.runner.snapshot.committed == 1)
    #expect(fixture.runner.snapshot.running.isEmpty)
  }

  @Test("T10 a bell wakes the scheduler at once; it does not wait for its heartbeat")
  func wake() async throws {
    let first = try await fixture.push("a", .queued)
    try await fixture.run { handler in
      #expect(await handler.next() == first)
      let second = try await fixture.push("b", .queued)
      fixture.wakeups.ring()
      fixture.wakeups.ring()
      #expect(await handler.next() == second)
      handler.finish(first)
      handler.finish(second)
      await fixture.untilIdle()
    }
    #expect(fixture.runner.snapshot.committed == 2)
  }

  @Test(
    "T4 commits run beside one another up to the limit, one in each repo, and the end of one admits the next")
  func slots() async throws {
    let a1 = try await fixture.push("a", .queued)
    let a2 = try await fixture.push("a", .queued)
    let b = try await fixture.push("b", .queued)
    let c = try await fixture.push("c", .queued)
    await fixture.run { handler in
      let started = [await handler.next(), await handler.next()]
      #expect(Set(started) == [a1, b])
      #expect(fixture.runner.snapshot.running.count == 2)
      handler.finish(a1)
      // The round goes on: c before the second of a.
      #expect(await handler.next() == c)
      handler.finish(b)
      #expect(await handler.next() == a2)
      handler.finish(c)
      handler.finish(a2)
      await fixture.untilIdle()
    }
    #expect(fixture.runner.snapshot.committed == 4)
  }

  @Test("a commit that fails makes its push failed with the problem's code, and the others go on")
  func failure() async throws {
    let bad = try await fixture.push("a", .queued)
    let odd = try await fixture.push("b", .queued)
    await fixture.run { handler in
      _ = await handler.next()
      _ = await handler.next()
      handler.finish(bad, throwing: ProblemError(.storageFault, detail: "gone"))
      handler.finish(odd, throwing: ProblemError(.badPath, detail: "odd"))
      await fixture.untilIdle()
    }
    let push = try await fixture.record(bad)
    #expect(push.state == .failed && push.errorCode == "storage-fault" && push.errorMessage == "gone")
    #expect(push.finishedAt == fixture.clock.now() && push.bundle != nil)
    #expect(try await fixture.record(odd).errorCode == "bad-path")
    #expect(fixture.runner.snapshot.failed == 2)
    #expect(fixture.reports.withLock { $0.count } == 2)
    let failed = try await fixture.catalog.read { try $0.recentEvents(kinds: [.pushFailed], limit: 10) }
    #expect(failed.count == 2)
  }

  @Test("a push that is committing although nobody works on it is queued again")
  func lostCommit() async throws {
    let id = try await fixture.push("a", .committing)
    #expect(await fixture.runner.tick().map(\.0) == [id])
    #expect(try await fixture.record(id).attempts == 1)
  }

  @Test("what cannot be expired does not hold up what can be, nor the admissions")
  func poison() async throws {
    for number in 1...2 { try await fixture.expiredUpload("u\(number)") }
    let expired = try await fixture.push("x", .open) { $0.expiresAt = Timestamp(milliseconds: 1) }
    let id = try await fixture.push("a", .queued)
    await fixture.run { handler in
      #expect(await handler.next() == id)
      handler.finish(id)
      await fixture.untilIdle()
    }
    #expect(fixture.expiries.withLock { Set($0) }.count == 3)
    #expect(fixture.expiries.withLock { $0.contains(expired.text) })
    #expect(fixture.reports.withLock { !$0.isEmpty })
  }

  @Test(
    "C40 T12 a restart puts interrupted commits back into the queue with the bundle ids they had",
    arguments: PushState.allCases)
  func orphans(state: PushState) async throws {
    var random = SeededRandom(seed: 3)
    let bundle: BundleID = random.id()
    let id = try await fixture.push("a", state) { $0.bundle = bundle }
    let before = try await fixture.record(id)
    try await fixture.runner.requeueOrphans()
    let after = try await fixture.record(id)
    if state == .admitted || state == .committing {
      #expect(after.state == .queued && after.bundle == bundle && after.sealedAt == before.sealedAt)
      #expect(
        try await fixture.catalog.read { try $0.events(after: 0, limit: 10) }.map(\.event.kind) == [
          .pushQueued
        ])
    } else {
      #expect(after == before)
    }
  }

  @Test("an admitted push keeps the bundle id it was given before")
  func sameBundle() async throws {
    var random = SeededRandom(seed: 4)
    let bundle: BundleID = random.id()
    let id = try await fixture.push("a", .queued) { $0.bundle = bundle }
    await fixture.run { handler in
      handler.finish(await handler.next())
      await fixture.untilIdle()
    }
    #expect(try await fixture.record(id).bundle == bundle)
  }

  @Test("asked to stop, the scheduler admits nothing more and waits for the commits that run")
  func stop() async throws {
    let id = try await fixture.push("a", .queued)
    let task = Task { await fixture.runner.run() }
    #expect(await fixture.handler.next() == id)
    task.cancel()
    let late = try await fixture.push("b", .queued)
    fixture.wakeups.ring()
    fixture.handler.finish(id)
    await task.value
    #expect(try await fixture.record(id).state == .committed)
    #expect(try await fixture.record(late).state == .queued)
    #expect(fixture.runner.snapshot.running.isEmpty)
  }
}
