import Catalog
import Platform
import Vocabulary

/// The effects of the scheduler's decisions, and its heart.
package final class SchedulerRunner: Sendable {
  struct Commit: Sendable {
    var startedAt: Timestamp
    var stop = CommitStop()
  }
  struct State: Sendable {
    var counters = SchedulerCounters()
    var commits: [PushID: Commit] = [:]
    var lastUpkeep: Timestamp?
  }

  static let batch = 100
  /// Waiting repos that are compared.
  private static let lookahead = 256
  /// Between two rounds of upkeep.
  private static let upkeepSeconds: Int64 = 5
  let catalog: any CatalogStore
  let clock: any WallClock
  private let entropy: any Entropy
  private let handler: any PushHandler
  let settings: Settings
  private let expireUpload: @Sendable (UploadID) async throws -> Void
  private let expirePush: @Sendable (PushID) async throws -> Void
  let report: @Sendable (String) -> Void
  let log: @Sendable (PushID, String) async -> Void
  private let hasRoom: @Sendable () async -> Bool
  private let upkeep: @Sendable () async throws -> Void
  let state = Locked(State())
  private let wakes: AsyncStream<Void>
  private let waker: AsyncStream<Void>.Continuation

  /// `log` takes a line for the log of a push; `hasRoom` tells whether the storage has room for commits.
  package init(
    catalog: any CatalogStore, clock: any WallClock, entropy: any Entropy, handler: any PushHandler,
    settings: Settings, expireUpload: @escaping @Sendable (UploadID) async throws -> Void,
    expirePush: @escaping @Sendable (PushID) async throws -> Void,
    report: @escaping @Sendable (String) -> Void,
    log: @escaping @Sendable (PushID, String) async -> Void = { _, _ in },
    hasRoom: @escaping @Sendable () async -> Bool = { true },
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
    self.log = log
    self.hasRoom = hasRoom
    self.upkeep = upkeep
    wakes = wakeups.stream
    waker = wakeups.continuation
  }

  package var snapshot: Counters { state.withLock { $0.counters } }

  /// Why a queued push does not start; nil for one in another state.
  package func waitingReason(of push: PushRecord) -> WaitingReason? {
    let counters = snapshot
    return WaitingReason.of(
      push, runningRepos: Array(counters.running.values), hasRoom: counters.hasRoom, now: clock.now())
  }

  /// Ticks at every wake-up and every heartbeat until the task is cancelled, then waits for running commits.
  package func run() async {
    await withDiscardingTaskGroup { group in
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
    var admitted: [(PushID, RepoName)] = []
    do {
      let now = clock.now()
      state.withLock { state in
        state.counters.ticks += 1
        state.counters.lastTickAt = now
      }
      if isUpkeepDue(now) { try await upkeep() }
      try await requeueLost()
      let (starts, isMore) = try await look()
      admitted = starts
      // A release that failed must not keep the others from starting.
      if isMore { admitted += try await look(releasing: false).starts }
    } catch {
      report("scheduler tick failed: \(error)")
    }
    return admitted
  }

  private func look(releasing: Bool = true) async throws -> (starts: [(PushID, RepoName)], isMore: Bool) {
    var starts: [(PushID, RepoName)] = []
    var isMore = false
    for decision in SchedulingPolicy.decide(try await currentState(releasing), now: clock.now()) {
      if case .release = decision { isMore = true }
      if let start = await carryOut(decision) { starts.append(start) }
    }
    return (starts, isMore)
  }

  private func currentState(_ releasing: Bool) async throws -> SchedulingState {
    let room = await hasRoom()
    let running = state.withLock { state in
      state.counters.hasRoom = room
      return state.commits.compactMap { id, commit in
        state.counters.running[id].map { repo in
          RunningCommit(
            push: id, repo: repo, startedAt: commit.startedAt, isStopping: commit.stop.isRequested)
        }
      }
    }
    let (now, settings) = (clock.now(), settings)
    let mayAdmit = room && running.count < settings.maximumRunning
    return try await catalog.read { reader in
      let round = try reader.schedulerRound()
      return SchedulingState(
        // As many as can be passed over and compared: the cost does not grow with the number of repos.
        queueHeads: mayAdmit
          ? try reader.queueHeads(after: round.cursor, limit: running.count + Self.lookahead) : [],
        running: running.sorted { $0.push < $1.push }, maximumRunning: settings.maximumRunning, round: round,
        hasRoom: room, commitTimeoutSeconds: settings.commitTimeoutSeconds,
        duePushes: releasing ? try reader.duePushes(at: now, limit: Self.batch) : [],
        expiredUploads: try reader.expiredUploads(at: now, limit: Self.batch),
        expiredPushes: try reader.expiredPushes(at: now, limit: Self.batch))
    }
  }

  private func isUpkeepDue(_ now: Timestamp) -> Bool {
    state.withLock { state in
      if let last = state.lastUpkeep, now.milliseconds - last.milliseconds < Self.upkeepSeconds * 1000 {
        return false
      }
      state.lastUpkeep = now
      return true
    }
  }

  /// A decision that fails is reported and made again at a later tick; it does not hold up the others.
  private func carryOut(_ decision: SchedulingDecision) async -> (PushID, RepoName)? {
    do {
      switch decision {
      case .expireUpload(let id): try await expireUpload(id)
      case .expirePush(let id): try await expirePush(id)
      case .stop(let id): await stop(id)
      case .release(let id): try await release(id)
      case .admit(let id, let repo, let round):
        guard let attempt = try await admit(id, repo, round: round) else { return nil }
        let now = clock.now()
        state.withLock { state in
          state.counters.started += 1
          state.counters.running[id] = repo
          state.commits[id] = Commit(startedAt: now)
        }
        await log(id, "admitted: attempt \(attempt)")
        return (id, repo)
      }
    } catch {
      report("scheduler: \(decision) failed: \(error)")
    }
    return nil
  }

  /// queued → admitted, with the bundle's id fixed; nil when the push is no longer queued.
  private func admit(_ id: PushID, _ repo: RepoName, round: Int64) async throws -> Int? {
    let now = clock.now()
    let fresh = BundleID.make(clock: clock, entropy: entropy)
    return try await catalog.write { transaction in
      // Renamed since it was decided on, its repo may have a commit under way.
      guard var push = try transaction.push(id), push.state == .queued, push.repo == repo else { return nil }
      push.state = .admitted
      push.bundle = push.bundle ?? fresh
      push.attempts += 1
      push.notBefore = nil
      push.errorCode = nil
      push.errorMessage = nil
      try transaction.update(push)
      // Its turns are counted in its row.
      try transaction.ensureRepo(repo, description: nil, at: now)
      try transaction.countStart(of: repo, round: round, at: now)
      try transaction.record(
        NewEvent(
          at: now, kind: .pushAdmitted, subject: id.text, repo: repo,
          details: ["attempt": String(push.attempts)]))
      return push.attempts
    }
  }

  private func stop(_ id: PushID) async {
    let stop = state.withLock { $0.commits[id]?.stop }
    guard let stop, !stop.isRequested else { return }
    stop.request()
    state.withLock { $0.counters.timedOut += 1 }
    let seconds = settings.commitTimeoutSeconds ?? 0
    report("push \(id): its commit takes longer than \(seconds) s and is asked to stop")
    await log(id, "the commit takes longer than \(seconds) s and is asked to stop")
  }

  private func release(_ id: PushID) async throws {
    let now = clock.now()
    try await catalog.write { transaction in
      guard var push = try transaction.push(id), push.state == .queued, let time = push.notBefore, time <= now
      else { return }
      push.notBefore = nil
      try transaction.update(push)
      try transaction.record(
        NewEvent(
          at: now, kind: .pushQueued, subject: id.text, repo: push.repo, details: ["why": "its retry is due"])
      )
    }
  }

  /// Commits a push that `tick` admitted, and records the failure if it fails.
  package func commit(_ id: PushID, _ repo: RepoName) async {
    let stop = state.withLock { $0.commits[id]?.stop } ?? CommitStop()
    var end = CommitEnd.committed
    do {
      try await handler.commit(id, until: stop)
    } catch {
      end = await fail(id, repo, Self.problem(error, stop, settings))
    }
    state.withLock { state in
      state.commits[id] = nil
      state.counters.running[id] = nil
      state.counters.count(end)
    }
    waker.yield()
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
