import Catalog
import Platform
import Pushes
import Scheduling
import TestSupport
import Testing
import Vocabulary

/// Failures that may pass, timeouts, cancellation and lack of room, with a real catalog and a clock that is moved by hand.
@Suite(.timeLimit(.minutes(15))) struct SchedulerRetryTests {
  private static let full = ProblemError(.storageFull, detail: "full")

  @Test(
    "C15 a failure that may pass is tried again after a while that doubles, told in the catalog, until the attempts are used up"
  )
  func attempts() async throws {
    let fixture = try RunnerFixture(maximumAttempts: 3)
    let id = try await fixture.push("a", .queued)
    for attempt in 1...2 {
      #expect(await fixture.step(ends: [id: Self.full]).map(\.push) == [id])
      let push = try await fixture.record(id)
      #expect(push.state == .queued && push.attempts == attempt && push.errorCode == "storage-full")
      let seconds = Int64(1) << Int64(attempt)
      let notBefore = try #require(push.notBefore)
      #expect(
        (seconds - 1...seconds).contains(
          (notBefore.milliseconds - fixture.clock.now().milliseconds + 999) / 1000))
      fixture.clock.set(Timestamp(milliseconds: notBefore.milliseconds - 1))
      #expect(await fixture.step().isEmpty)
      // What the first process knew is nothing that the retry needs.
      #expect(fixture.restarted().waitingReason(of: push) == .retry(notBefore))
      fixture.clock.set(notBefore)
    }
    #expect(await fixture.step(ends: [id: Self.full]).map(\.push) == [id])
    let push = try await fixture.record(id)
    #expect(push.state == .failed && push.attempts == 3 && push.notBefore == nil)
    #expect(push.errorCode == "storage-full" && push.finishedAt != nil)
    let counters = fixture.runner.snapshot
    #expect(counters.retried == 2 && counters.failed == 1 && counters.started == 3 && counters.committed == 0)
    let lines = fixture.lines.withLock { $0.map(\.text) }
    #expect(lines.filter { $0.hasPrefix("admitted: attempt ") }.count == 3)
    #expect(lines.last == "failed for good after attempt 3: storage-full")
  }

  @Test(
    "the table of problems decides what is tried again; what the catalog throws counts as internal-error",
    arguments: Problem.allCases)
  func table(problem: Problem) async throws {
    let fixture = try RunnerFixture()
    let id = try await fixture.push("a", .queued)
    await fixture.step(ends: [id: ProblemError(problem, detail: "d")])
    let push = try await fixture.record(id)
    #expect(push.state == (problem.retryable ? .queued : .failed))
    #expect((push.notBefore != nil) == problem.retryable && push.errorCode == problem.code)
    let other = try await fixture.push("b", .queued)
    await fixture.step(ends: [other: FaultyCatalog.Injected()])
    #expect(try await fixture.record(other).errorCode == "internal-error")
    #expect(try await fixture.record(other).state == .queued)
  }

  @Test(
    "a push that waits for its retry lets later ones of its repo pass, and is the first in line when it is due"
  )
  func passing() async throws {
    let fixture = try RunnerFixture(maximumRunning: 1)
    var ids: [PushID] = []
    for _ in 0..<4 { ids.append(try await fixture.push("a", .queued)) }
    #expect(await fixture.step(ends: [ids[0]: Self.full]).map(\.push) == [ids[0]])
    #expect(await fixture.step().map(\.push) == [ids[1]])
    fixture.clock.advance(milliseconds: 2000)
    #expect(await fixture.step().map(\.push) == [ids[0]])
    #expect(await fixture.step().map(\.push) == [ids[2]])
    #expect(await fixture.step().map(\.push) == [ids[3]])
    for id in ids { #expect(try await fixture.record(id).state == .committed) }
    #expect(try await fixture.record(ids[0]).errorCode == nil)
  }

  @Test("by hand, a failed or a waiting push begins anew with all its attempts")
  func byHand() async throws {
    let fixture = try RunnerFixture(maximumAttempts: 2)
    let register = PushRegister(
      catalog: fixture.catalog, clock: fixture.clock, entropy: SeededEntropy(seed: 9), expirySeconds: 10,
      wakeScheduler: {})
    let id = try await fixture.push("a", .queued)
    await fixture.step(ends: [id: Self.full])
    #expect(await fixture.step().isEmpty)
    _ = try await register.retry(id)
    await fixture.step(ends: [id: Self.full])
    #expect(try await fixture.record(id).attempts == 1)
    fixture.clock.advance(milliseconds: 2000)
    await fixture.step(ends: [id: Self.full])
    #expect(try await fixture.record(id).state == .failed)
    _ = try await register.retry(id)
    await fixture.step()
    let push = try await fixture.record(id)
    #expect(push.state == .committed && push.attempts == 1 && push.notBefore == nil)
  }

  @Test("T12 a commit that takes too long is stopped, and counts as a failure that may pass")
  func timeout() async throws {
    let fixture = try RunnerFixture(commitTimeoutSeconds: 60)
    let id = try await fixture.push("a", .queued)
    try await fixture.run { handler in
      #expect(await handler.next() == id)
      fixture.clock.advance(milliseconds: 59_999)
      _ = await fixture.runner.tick()
      #expect(!handler.isStopping(id))
      fixture.clock.advance(milliseconds: 1)
      _ = await fixture.runner.tick()
      _ = await fixture.runner.tick()
      #expect(handler.isStopping(id))
      // Until it has stopped it keeps its slot and its repo.
      let other = try await fixture.push("a", .queued)
      #expect(await fixture.runner.tick().isEmpty)
      #expect(fixture.runner.waitingReason(of: try await fixture.record(other)) == .anotherCommit)
      handler.finish(id, throwing: CommitStopped())
      #expect(await handler.next() == other)
      handler.finish(other)
      await fixture.untilIdle()
    }
    let push = try await fixture.record(id)
    #expect(push.state == .queued && push.errorCode == "commit-timeout" && push.notBefore != nil)
    #expect(push.errorMessage == "the commit took longer than 60 s")
    #expect(fixture.runner.snapshot.timedOut == 1 && fixture.runner.snapshot.retried == 1)
  }

  @Test("a commit that ends well although it was asked to stop is committed: the row decides")
  func lateEnd() async throws {
    let fixture = try RunnerFixture(commitTimeoutSeconds: 1)
    let id = try await fixture.push("a", .queued)
    await fixture.run { handler in
      #expect(await handler.next() == id)
      fixture.clock.advance(milliseconds: 1000)
      _ = await fixture.runner.tick()
      handler.finish(id)
      await fixture.untilIdle()
    }
    #expect(try await fixture.record(id).state == .committed)
    #expect(fixture.runner.snapshot.committed == 1 && fixture.runner.snapshot.timedOut == 1)
  }

  @Test(
    "a push cancelled while it is committed stays cancelled, whatever its commit says in the end",
    arguments: [nil, full])
  func cancelled(problem: ProblemError?) async throws {
    let fixture = try RunnerFixture()
    let register = PushRegister(
      catalog: fixture.catalog, clock: fixture.clock, entropy: SeededEntropy(seed: 9), expirySeconds: 10,
      wakeScheduler: {})
    let id = try await fixture.push("a", .queued)
    try await fixture.run { handler in
      #expect(await handler.next() == id)
      let ended = try await register.cancel(id)
      #expect(ended.state == .cancelled)
      handler.finish(id, throwing: problem)
      await fixture.untilIdle()
    }
    let push = try await fixture.record(id)
    #expect(push.state == .cancelled && push.errorCode == nil)
    let counters = fixture.runner.snapshot
    #expect(
      counters.cancelled == 1 && counters.failed == 0 && counters.retried == 0 && counters.committed == 0)
  }

  @Test("C30 T4 without room on the disk pushes wait, do not fail, say so, and go on when there is room")
  func room() async throws {
    let fixture = try RunnerFixture()
    let id = try await fixture.push("a", .queued)
    fixture.hasRoom.withLock { $0 = false }
    #expect(await fixture.step().isEmpty)
    let push = try await fixture.record(id)
    #expect(push.state == .queued && push.attempts == 0)
    #expect(fixture.runner.waitingReason(of: push)?.description == "free disk space")
    fixture.hasRoom.withLock { $0 = true }
    #expect(await fixture.step().map(\.push) == [id])
  }
}
