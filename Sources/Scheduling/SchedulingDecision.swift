import Catalog
import Vocabulary

/// What is to be done, in this order.
package enum SchedulingDecision: Sendable, Equatable {
  case expireUpload(UploadID)
  case expirePush(PushID)
  /// Ask a commit that takes too long to stop.
  case stop(PushID)
  /// Put a push whose retry is due back in line.
  case release(PushID)
  /// Start its commit, which counts in this round.
  case admit(PushID, RepoName, round: Int64)
}

/// The scheduler's whole policy: what is over first, then commits, fair by repo; see docs/scheduler.md.
package enum SchedulingPolicy {
  /// A round ends after so many starts, so that new repos cannot make it last for ever.
  package static let maximumRoundStarts = 1000

  package static func decide(_ state: SchedulingState, now: Timestamp) -> [SchedulingDecision] {
    state.expiredUploads.map { .expireUpload($0) }
      + state.expiredPushes.map { .expirePush($0) }
      + overdue(state, now).map { .stop($0.push) }
      + state.duePushes.map { .release($0) }
      // Whoever is put back in line may be the first of it.
      + (state.duePushes.isEmpty ? admissions(state) : [])
  }

  /// Whether this push may start beside these commits, if it were its turn.
  package static func canStart(_ push: QueuedPush, beside running: [RepoName], hasRoom: Bool) -> Bool {
    WaitingReason.obstacle(to: push.repo, among: running, hasRoom: hasRoom) == nil
  }

  private static func overdue(_ state: SchedulingState, _ now: Timestamp) -> [RunningCommit] {
    guard let limit = state.commitTimeoutSeconds else { return [] }
    return state.running.filter { !$0.isStopping && $0.startedAt.adding(seconds: limit) <= now }
  }

  private static func admissions(_ state: SchedulingState) -> [SchedulingDecision] {
    var running = state.running.map(\.repo)
    var decisions: [SchedulingDecision] = []
    let line = inLine(state.queueHeads)
    func admit(in round: Int64, where isTurn: (QueuedPush) -> Bool) {
      for head in line where running.count < state.maximumRunning && isTurn(head) {
        guard canStart(head, beside: running, hasRoom: state.hasRoom) else { continue }
        running.append(head.repo)
        decisions.append(.admit(head.id, head.repo, round: round))
      }
    }
    let current = state.round.number
    if state.round.starts < maximumRoundStarts { admit(in: current) { $0.turn.left(in: current) > 0 } }
    // Whoever is left has had its turn: the next round begins.
    admit(in: current + 1) { _ in true }
    return decisions
  }

  /// By how long each repo has waited; equally long, by name.
  private static func inLine(_ heads: [QueuedPush]) -> [QueuedPush] {
    heads.sorted { ($0.waitingSince, $0.repo) < ($1.waitingSince, $1.repo) }
  }
}

extension QueuedPush {
  /// Since when its repo has waited to start a commit.
  fileprivate var waitingSince: Timestamp { max(sealedAt, turn.lastStartAt ?? sealedAt) }
}
