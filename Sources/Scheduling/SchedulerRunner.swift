import Catalog
import Platform
import Vocabulary

/// Carries out the commit of an admitted push; must be safe to run again after a crash at any point.
package protocol PushHandler: Sendable {
  func commit(_ push: PushID) async throws
}

/// The effects of the scheduler's decisions, and its heart.
package final class SchedulerRunner: Sendable {
  package struct Settings: Sendable {
    package var maximumRunning: Int
    package var heartbeatMilliseconds: Int
    package init(maximumRunning: Int, heartbeatMilliseconds: Int) {
      self.maximumRunning = maximumRunning
      self.heartbeatMilliseconds = heartbeatMilliseconds
    }
  }
  /// Counters since the server started.
  package struct Counters: Sendable, Equatable {
    package var ticks = 0
    package var started = 0
    package var committed = 0
    package var failed = 0
    package var lastTickAt: Timestamp?
    package var running: [PushID: RepoName] = [:]
  }

  private static let expiryBatch = 100
  /// Attempts at a commit that the storage refuses before its push fails.
  private static let maximumAttempts = 10
  /// Between two rounds of upkeep.
  private static let upkeepSeconds: Int64 = 5
  private let catalog: any CatalogStore
  private let clock: any WallClock
  private let entropy: any Entropy
  private let handler: any PushHandler
  private let settings: Settings
  private let expireUpload: @Sendable (UploadID) async throws -> Void
  private let expirePush: @Sendable (PushID) async throws -> Void
  private let report: @Sendable (String) -> Void
  private let upkeep: @Sendable () async throws -> Void
  /// Pushes that wait before they are tried again.
  private let notBefore = Locked<[PushID: Timestamp]>([:])
  private let counters = Locked(Counters())
  private let lastUpkeep = Locked<Timestamp?>(nil)
  private let wakes: AsyncStream<Void>
  private let waker: AsyncStream<Void>.Continuation

  package init(
    catalog: any CatalogStore, clock: any WallClock, entropy: any Entropy, handler: any PushHandler,
    settings: Settings, expireUpload: @escaping @Sendable (UploadID) async throws -> Void,
    expirePush: @escaping @Sendable (PushID) async throws -> Void,
    report: @escaping @Sendable (String) -> Void,
    wakeups: SchedulerWakeups, upkeep: @escaping @Sendable () async throws -> Void = {}
  ) {
    self.catalog = catalog
    self.clock = clock
    self.entropy = entropy
    self.handler = handler
    self.settings = settings
    self.expireUpload = expireUpload
    self.expirePush = expirePush
    self.report = report
    self.upkeep = upkeep
    wakes = wakeups.stream
    waker = wakeups.continuation
  }

  package var snapshot: Counters { counters.withLock { $0 } }

  /// Puts pushes whose commit a crash interrupted back into the queue; run once, before `run`.
  package func requeueOrphans() async throws {
    let now = clock.now()
    try await catalog.write { transaction in
      for push in try transaction.pushes(in: [.admitted, .committing], after: nil, limit: 10_000) {
        try Self.requeue(push.id, at: now, why: "the server restarted", transaction)
      }
    }
  }

  /// Ticks at every wake-up and every heartbeat until the task is cancelled, then waits for running commits.
  package func run() async {
    await withTaskGroup(of: Void.self) { group in
      let heart = Task { [settings, waker] in
        while !Task.isCancelled {
          waker.yield()
          try? await Task.sleep(for: .milliseconds(settings.heartbeatMilliseconds))
        }
        waker.finish()
      }
      await withTaskCancellationHandler {
        for await _ in wakes {
          if Task.isCancelled { break }
          for (push, repo) in await tick() {
            group.addTask { await self.commit(push, repo) }
          }
        }
      } onCancel: {
        heart.cancel()
        waker.finish()
      }
    }
  }

  /// One look at the state and the decisions carried out; returns the pushes whose commit is to start now.
  package func tick() async -> [(PushID, RepoName)] {
    let now = clock.now()
    var admitted: [(PushID, RepoName)] = []
    do {
      let running = counters.withLock { counters in
        counters.ticks += 1
        counters.lastTickAt = now
        return Array(counters.running.values)
      }
      if isUpkeepDue(now) { try await upkeep() }
      try await requeueLost()
      let waiting = notBefore.withLock { waiting in
        waiting = waiting.filter { $0.value > now }
        return Set(waiting.keys)
      }
      let maximumRunning = settings.maximumRunning
      let state = try await catalog.read { reader in
        let cursor = try reader.schedulerCursor()
        return SchedulingState(
          // As many as can be passed over and admitted: the cost does not grow with the number of repos.
          queueHeads: try reader.queueHeads(
            after: cursor, limit: running.count + waiting.count + maximumRunning
          ).filter { !waiting.contains($0.id) },
          runningRepos: running,
          maximumRunning: maximumRunning,
          cursor: cursor,
          expiredUploads: try reader.expiredUploads(at: now, limit: Self.expiryBatch),
          expiredPushes: try reader.expiredPushes(at: now, limit: Self.expiryBatch))
      }
      for decision in SchedulingPolicy.decide(state) {
        if let start = await carryOut(decision, at: now) { admitted.append(start) }
      }
    } catch {
      report("scheduler tick failed: \(error)")
    }
    return admitted
  }

  private func isUpkeepDue(_ now: Timestamp) -> Bool {
    lastUpkeep.withLock { last in
      if let last, now.milliseconds - last.milliseconds < Self.upkeepSeconds * 1000 { return false }
      last = now
      return true
    }
  }

  /// A decision that fails is reported and made again at a later tick; it does not hold up the others.
  private func carryOut(_ decision: SchedulingDecision, at now: Timestamp) async -> (PushID, RepoName)? {
    do {
      switch decision {
      case .expireUpload(let id): try await expireUpload(id)
      case .expirePush(let id): try await expirePush(id)
      case .admit(let id, let repo):
        guard try await admit(id, repo, at: now) else { return nil }
        counters.withLock { counters in
          counters.started += 1
          counters.running[id] = repo
        }
        return (id, repo)
      }
    } catch {
      report("scheduler: \(decision) failed: \(error)")
    }
    return nil
  }

  /// queued → admitted, with the bundle's id fixed; false when the push is no longer queued.
  private func admit(_ id: PushID, _ repo: RepoName, at now: Timestamp) async throws -> Bool {
    let fresh = BundleID.make(clock: clock, entropy: entropy)
    return try await catalog.write { transaction in
      guard var push = try transaction.push(id), push.state == .queued else { return false }
      push.state = .admitted
      push.bundle = push.bundle ?? fresh
      push.attempts += 1
      try transaction.update(push)
      try transaction.setSchedulerCursor(repo)
      try transaction.record(NewEvent(at: now, kind: .pushAdmitted, subject: id.text, repo: repo))
      return true
    }
  }

  /// Commits a push that `tick` admitted, and records the failure if it fails.
  package func commit(_ id: PushID, _ repo: RepoName) async {
    var succeeded = true
    do {
      try await handler.commit(id)
    } catch {
      succeeded = false
      await fail(id, repo, error)
    }
    counters.withLock { counters in
      counters.running[id] = nil
      if succeeded { counters.committed += 1 } else { counters.failed += 1 }
    }
    waker.yield()
  }

  /// Queues pushes again that are admitted or committing although nobody works on them: their failure could not be
  /// recorded.
  private func requeueLost() async throws {
    let running = Set(snapshot.running.keys)
    let limit = running.count + Self.expiryBatch
    let lost = try await catalog.read {
      try $0.pushes(in: [.admitted, .committing], after: nil, limit: limit)
    }
    .filter { !running.contains($0.id) }
    guard !lost.isEmpty else { return }
    let now = clock.now()
    try await catalog.write { transaction in
      for push in lost {
        try Self.requeue(push.id, at: now, why: "its commit ended without a result", transaction)
      }
    }
  }

  private static func requeue(
    _ id: PushID, at now: Timestamp, why: String, _ transaction: any CatalogTransaction
  ) throws {
    guard var push = try transaction.push(id), push.state == .admitted || push.state == .committing else {
      return
    }
    push.state = .queued
    try transaction.update(push)
    try transaction.record(
      NewEvent(at: now, kind: .pushQueued, subject: id.text, repo: push.repo, details: ["why": why]))
  }

  private func fail(_ id: PushID, _ repo: RepoName, _ error: any Error) async {
    let problem = error as? ProblemError ?? ProblemError(.internalError, detail: "\(error)")
    report("push \(id) failed: \(error)")
    let now = clock.now()
    do {
      try await catalog.write { [notBefore] transaction in
        guard var push = try transaction.push(id), push.state != .committed else { return }
        if problem.problem == .storageFull && push.attempts < Self.maximumAttempts {
          let seconds = min(60, Int64(1) << Int64(min(push.attempts, 6)))
          notBefore.withLock { $0[id] = now.adding(seconds: seconds) }
          try Self.requeue(id, at: now, why: "the storage is full; again in \(seconds) s", transaction)
          return
        }
        push.state = .failed
        push.finishedAt = now
        push.errorCode = problem.problem.code
        push.errorMessage = problem.detail
        try transaction.update(push)
        try transaction.record(
          NewEvent(
            at: now, kind: .pushFailed, subject: id.text, repo: repo, details: ["code": problem.problem.code])
        )
      }
    } catch {
      report("the failure of push \(id) could not be recorded: \(error)")
    }
  }
}

/// The bell of the scheduler: rung by whoever gave it something to do. Ringing twice is ringing once.
package struct SchedulerWakeups: Sendable {
  let stream: AsyncStream<Void>
  let continuation: AsyncStream<Void>.Continuation

  package init() {
    (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }
  package func ring() { continuation.yield() }
}
