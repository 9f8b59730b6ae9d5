import Catalog
import Platform
import Pushes
import Vocabulary

/// Opens pushes of sources and takes them in, a few at a time and the others in order.
///
/// What there is to do is read from the catalog, so that a restart changes nothing.
package final class IngestRunner: Sendable {
  private struct Running: Sendable {
    let stop = IngestStop()
    let progress: Locked<IngestProgress>
  }
  private struct State {
    var running: [PushID: Running] = [:]
    /// Pushes whose step failed for a reason that is not theirs: when to try again, and how often that was.
    var postponed: [PushID: (until: Timestamp, attempts: Int)] = [:]
  }
  package static let maximumRunning = 2
  private static let maximumAttempts = 10
  private static let heartbeat = Duration.seconds(2)

  package let sources: SourceList
  private let services: IngestServices
  private let state = Locked(State())
  private let wakes: AsyncStream<Void>
  private let waker: AsyncStream<Void>.Continuation

  package init(sources: SourceList, services: IngestServices) {
    self.sources = sources
    self.services = services
    (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  /// For looking at sources.
  package var executor: any IOExecutor { services.executor }

  /// There may be something to do.
  package func wake() { waker.yield() }

  /// Lets a push rest whose state has changed; what it has stays.
  package func stop(_ id: PushID) { state.withLock { $0.running[id] }?.stop.stop() }

  /// How far a push is that is being taken in or waits for it; nil for any other.
  package func progress(of push: PushRecord) -> IngestProgress? {
    guard push.origin == .source, push.state == .open else { return nil }
    return state.withLock { $0.running[push.id] }?.progress.withLock { $0 } ?? IngestProgress(phase: .waiting)
  }

  /// One without sources, for who has none to offer.
  package static func none(_ services: IngestServices) -> IngestRunner {
    IngestRunner(sources: SourceList(), services: services)
  }

  /// Opens a push of a source's folder; its files are taken in later.
  ///
  /// - Throws: `ProblemError`: `bad-request`, `not-found`, `source-unavailable`, `source-unreadable`.
  package func open(_ request: IngestRequest, by actor: String? = nil) async throws -> PushRecord {
    try request.check()
    let source = try sources.require(request.source)
    _ = try await services.executor.run { try source.requireFolder(request.path) }
    let now = services.clock.now()
    let push = PushRecord(
      id: .make(clock: services.clock, entropy: services.entropy), state: .open, origin: .source,
      repo: request.repo, message: request.message, label: request.label, author: request.author,
      sealWhenComplete: false, createdAt: now, expiresAt: nil,
      allowsEmpty: request.allowsEmpty,
      source: SourceFolder(name: source.name, path: request.path?.text ?? ""),
      concurrencyFactor: request.concurrencyFactor)
    try await services.catalog.write { transaction in
      if try transaction.repo(push.repo) == nil {
        try transaction.ensureRepo(push.repo, description: nil, at: now)
        try transaction.record(
          NewEvent(at: now, kind: .repoCreated, subject: push.repo.text, repo: push.repo, actor: actor))
      }
      try transaction.insert(push, expecting: [])
      try transaction.select(request.files, ofPush: push.id)
      try transaction.record(PushRules.event(.pushOpened, push, at: now, by: actor))
    }
    wake()
    return push
  }

  /// Takes pushes in until the task is cancelled; what is under way then rests and goes on after the next start.
  package func run() async {
    await withDiscardingTaskGroup { group in
      let heart = Task { [waker] in
        while !Task.isCancelled {
          waker.yield()
          try? await Task.sleep(for: Self.heartbeat)
        }
        waker.finish()
      }
      await withTaskCancellationHandler {
        for await _ in wakes {
          if Task.isCancelled { break }
          for push in await next() {
            group.addTask {
              await self.takeIn(push)
              self.wake()
            }
          }
        }
      } onCancel: {
        heart.cancel()
        waker.finish()
      }
    }
  }

  /// Takes in everything there is now, one push after the other; for who wants to see the end of it.
  package func runUntilIdle() async {
    while await runOnce() {}
  }

  /// Takes in what is next; false when there is nothing.
  @discardableResult
  package func runOnce() async -> Bool {
    let pushes = await next()
    for push in pushes { await takeIn(push) }
    return !pushes.isEmpty
  }

  /// The pushes to begin with, marked as running.
  private func next() async -> [PushRecord] {
    let now = services.clock.now()
    let (busy, free) = state.withLock { state in
      (
        Set(state.running.keys).union(state.postponed.filter { $0.value.until > now }.keys),
        Self.maximumRunning - state.running.count
      )
    }
    guard free > 0 else { return [] }
    do {
      let found = try await services.catalog.read { try $0.openSourcePushes(limit: busy.count + free) }
      let chosen = found.filter { !busy.contains($0.id) }.prefix(free)
      return state.withLock { state in
        chosen.filter { push in
          guard state.running[push.id] == nil else { return false }
          state.running[push.id] = Running(progress: Locked(IngestProgress(phase: .scanning)))
          return true
        }
      }
    } catch {
      services.report("pushes of sources could not be looked for: \(error)")
      return []
    }
  }

  private func takeIn(_ push: PushRecord) async {
    guard let running = state.withLock({ $0.running[push.id] }) else { return }
    let run = IngestRun(
      push: push, sources: sources, services: services, stop: running.stop, progress: running.progress)
    var isPostponed = false
    do {
      try await run.run()
    } catch is IngestStopped {
    } catch let error as ProblemError where error.problem != .busy {
      await fail(push, error)
    } catch {
      isPostponed = await postpone(push, error)
    }
    state.withLock { [isPostponed] state in
      state.running[push.id] = nil
      if !isPostponed { state.postponed[push.id] = nil }
    }
  }

  /// What went wrong is neither the source's nor the storage's: it is tried again a while, and then given up.
  private func postpone(_ push: PushRecord, _ error: any Error) async -> Bool {
    services.report("push \(push.id) could not be taken in: \(error)")
    let now = services.clock.now()
    let attempts = state.withLock { state in
      let attempts = (state.postponed[push.id]?.attempts ?? 0) + 1
      state.postponed[push.id] = (now.adding(seconds: Int64(1) << Int64(min(attempts, 6))), attempts)
      return attempts
    }
    guard attempts >= Self.maximumAttempts else { return true }
    let problem = error as? ProblemError
    await fail(
      push, problem ?? ProblemError(.internalError, detail: "the server failed; the operator has been told"))
    return false
  }

  /// open → failed.
  private func fail(_ push: PushRecord, _ problem: ProblemError) async {
    let now = services.clock.now()
    do {
      try await services.catalog.write { transaction in
        guard var push = try transaction.push(push.id), push.state == .open else { return }
        push.state = .failed
        push.finishedAt = now
        push.errorCode = problem.problem.code
        push.errorMessage = problem.detail
        try transaction.update(push)
        try transaction.record(
          PushRules.event(.pushFailed, push, at: now, ["code": problem.problem.code]))
      }
    } catch {
      return services.report("the failure of push \(push.id) could not be recorded: \(error)")
    }
    services.report("push \(push.id) failed: \(problem)")
    await services.log(push.id, "failed: \(problem.detail)")
  }
}
