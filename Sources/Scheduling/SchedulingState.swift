import Catalog
import Vocabulary

/// What the scheduler knows when it decides.
package struct SchedulingState: Sendable, Equatable {
  /// Commits of one repo at a time: each takes its sequence number and parent from the one before.
  package static let maximumRunningPerRepo = 1

  /// Per repo with queued pushes that wait for no retry, the one sealed first.
  package var queueHeads: [QueuedPush]
  package var running: [RunningCommit]
  package var maximumRunning: Int
  package var round: SchedulerRound
  /// False while the storage is too full to begin a commit.
  package var hasRoom: Bool
  /// A commit that runs longer is asked to stop; nil for no limit.
  package var commitTimeoutSeconds: Int64?
  /// Queued pushes whose retry is due; with any, nothing starts before they are back in line.
  package var duePushes: [PushID]
  package var expiredUploads: [UploadID]
  package var expiredPushes: [PushID]

  package init(
    queueHeads: [QueuedPush] = [], running: [RunningCommit] = [], maximumRunning: Int,
    round: SchedulerRound = SchedulerRound(), hasRoom: Bool = true, commitTimeoutSeconds: Int64? = nil,
    duePushes: [PushID] = [], expiredUploads: [UploadID] = [], expiredPushes: [PushID] = []
  ) {
    self.queueHeads = queueHeads
    self.running = running
    self.maximumRunning = maximumRunning
    self.round = round
    self.hasRoom = hasRoom
    self.commitTimeoutSeconds = commitTimeoutSeconds
    self.duePushes = duePushes
    self.expiredUploads = expiredUploads
    self.expiredPushes = expiredPushes
  }
}

/// A commit under way.
package struct RunningCommit: Sendable, Equatable {
  package var push: PushID
  package var repo: RepoName
  package var startedAt: Timestamp
  /// It was asked to stop.
  package var isStopping: Bool

  package init(push: PushID, repo: RepoName, startedAt: Timestamp, isStopping: Bool = false) {
    self.push = push
    self.repo = repo
    self.startedAt = startedAt
    self.isStopping = isStopping
  }
}

/// Why a queued push does not start; the description is shown to people.
package enum WaitingReason: Sendable, Equatable, CustomStringConvertible {
  case anotherCommit
  case diskSpace
  case turn
  case retry(Timestamp)

  package var description: String {
    switch self {
    case .anotherCommit: "another commit of the repo"
    case .diskSpace: "free disk space"
    case .turn: "its turn"
    case .retry(let time): "retry at \(time.rfc3339)"
    }
  }

  /// nil for a push that is not queued.
  package static func of(
    _ push: PushRecord, runningRepos: [RepoName], hasRoom: Bool, now: Timestamp
  ) -> WaitingReason? {
    guard push.state == .queued else { return nil }
    if let time = push.notBefore, time > now { return .retry(time) }
    return obstacle(to: push.repo, among: runningRepos, hasRoom: hasRoom) ?? .turn
  }

  /// Why no push of the repo may start, whoever's turn it is.
  static func obstacle(to repo: RepoName, among running: [RepoName], hasRoom: Bool) -> WaitingReason? {
    if running.filter({ $0 == repo }).count >= SchedulingState.maximumRunningPerRepo { return .anotherCommit }
    return hasRoom ? nil : .diskSpace
  }
}

/// Whether the storage has room for a commit.
package enum CommitHeadroom {
  /// The reserve is at most the storage divided by this: a small storage could not be used otherwise.
  private static let reserveDivisor: Int64 = 20
  /// This part of the reserve is not for commits, but for cancelling and the catalog.
  private static let untouchableDivisor: Int64 = 4

  /// True when commits may begin: they may use the reserve but for its last quarter.
  package static func hasRoom(free: Int64, total: Int64, reserveBytes: Int64) -> Bool {
    free >= min(reserveBytes, total / reserveDivisor) / untouchableDivisor
  }
}

/// How long a commit that failed waits.
package enum RetryDelay {
  package static let maximumSeconds: Int64 = 300

  /// 2, 4, 8 … seconds after the first, second, third … attempt, at most `maximumSeconds`.
  package static func seconds(afterAttempt attempt: Int) -> Int64 {
    min(maximumSeconds, Int64(1) << Int64(min(max(1, attempt), 16)))
  }
}
