import Catalog
import Platform
import Vocabulary

/// How a commit ended.
enum CommitEnd: Sendable {
  case committed, failed, cancelled
  /// It failed and waits for its next attempt.
  case delayed
  /// Its end could not be recorded; a later tick finds that nobody works on it.
  case lost
}

extension SchedulerCounters {
  mutating func count(_ end: CommitEnd) {
    switch end {
    case .committed: committed += 1
    case .failed: failed += 1
    case .cancelled: cancelled += 1
    case .delayed: retried += 1
    case .lost: break
    }
  }
}

extension SchedulerRunner {
  /// Puts pushes whose commit a crash interrupted back into the queue; run once, before `run`.
  package func requeueOrphans() async throws {
    let now = clock.now()
    try await catalog.write { transaction in
      for push in try transaction.pushes(in: [.admitted, .committing], after: nil, limit: 10_000) {
        try Self.requeue(push.id, at: now, why: "the server restarted", transaction)
      }
    }
  }

  /// Queues pushes again that are admitted or committing although nobody works on them: their failure could not be
  /// recorded.
  func requeueLost() async throws {
    let running = Set(snapshot.running.keys)
    let limit = running.count + Self.batch
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
    for push in lost { await log(push.id, "queued again: its commit ended without a result") }
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

  /// What went wrong, in the words of the table of problems.
  static func problem(_ error: any Error, _ stop: CommitStop, _ settings: Settings) -> ProblemError {
    if error is CommitStopped, stop.isRequested {
      return ProblemError(
        .commitTimeout, detail: "the commit took longer than \(settings.commitTimeoutSeconds ?? 0) s")
    }
    return error as? ProblemError ?? ProblemError(.internalError, detail: "\(error)")
  }

  /// Records why a commit did not come to its end, unless somebody cancelled the push meanwhile.
  func fail(_ id: PushID, _ repo: RepoName, _ problem: ProblemError) async -> CommitEnd {
    let (now, settings) = (clock.now(), settings)
    let (end, line): (CommitEnd, String)
    do {
      (end, line) = try await catalog.write { transaction in
        guard var push = try transaction.push(id) else { return (.cancelled, "") }
        switch push.state {
        case .committed: return (.committed, "committed, whatever was said before")
        case .admitted, .committing: break
        case .open, .queued, .failed, .cancelled, .expired: return (.cancelled, "the commit was given up")
        }
        push.errorCode = problem.problem.code
        push.errorMessage = problem.detail
        if problem.problem.retryable && push.attempts < settings.maximumAttempts {
          return (.delayed, try Self.delay(&push, at: now, transaction))
        }
        push.state = .failed
        push.finishedAt = now
        try transaction.update(push)
        try transaction.record(
          NewEvent(
            at: now, kind: .pushFailed, subject: id.text, repo: repo, details: ["code": problem.problem.code])
        )
        return (.failed, "failed for good after attempt \(push.attempts): \(problem.problem.code)")
      }
    } catch {
      report("the failure of push \(id) could not be recorded: \(error)")
      return .lost
    }
    if end == .failed || end == .delayed { report("push \(id) failed: \(problem)") }
    await log(id, line)
    return end
  }

  /// Back into the queue until its next attempt; a line for its log.
  private static func delay(
    _ push: inout PushRecord, at now: Timestamp, _ transaction: any CatalogTransaction
  ) throws -> String {
    let time = now.adding(seconds: RetryDelay.seconds(afterAttempt: push.attempts))
    push.state = .queued
    push.notBefore = time
    try transaction.update(push)
    try transaction.record(
      NewEvent(
        at: now, kind: .pushQueued, subject: push.id.text, repo: push.repo,
        details: ["why": push.errorCode ?? "", "notBefore": time.rfc3339]))
    return "attempt \(push.attempts) failed (\(push.errorCode ?? "")); again at \(time.rfc3339)"
  }
}
