import Catalog
import Vocabulary

/// What the scheduler knows when it decides.
package struct SchedulingState: Sendable, Equatable {
  /// Per repo with queued pushes, the one sealed first.
  package var queueHeads: [QueuedPush]
  /// Repos with a commit under way, each once per commit.
  package var runningRepos: [RepoName]
  package var maximumRunning: Int
  /// The repo that was served last.
  package var cursor: RepoName?
  package var expiredUploads: [UploadID]
  package var expiredPushes: [PushID]

  package init(
    queueHeads: [QueuedPush] = [], runningRepos: [RepoName] = [], maximumRunning: Int,
    cursor: RepoName? = nil,
    expiredUploads: [UploadID] = [], expiredPushes: [PushID] = []
  ) {
    self.queueHeads = queueHeads
    self.runningRepos = runningRepos
    self.maximumRunning = maximumRunning
    self.cursor = cursor
    self.expiredUploads = expiredUploads
    self.expiredPushes = expiredPushes
  }
}

/// What is to be done, in this order.
package enum SchedulingDecision: Sendable, Equatable {
  case expireUpload(UploadID)
  case expirePush(PushID)
  case admit(PushID, RepoName)
}

/// The scheduler's whole policy: expire first, then admit round robin by repo, one commit at a time in each repo.
package enum SchedulingPolicy {
  package static func decide(_ state: SchedulingState) -> [SchedulingDecision] {
    let slots = max(0, state.maximumRunning - state.runningRepos.count)
    let running = Set(state.runningRepos)
    let free = state.queueHeads.filter { !running.contains($0.repo) }.sorted { $0.repo < $1.repo }
    let afterCursor = state.cursor.map { cursor in free.filter { $0.repo > cursor } } ?? free
    let upToCursor = state.cursor.map { cursor in free.filter { $0.repo <= cursor } } ?? []
    return state.expiredUploads.map { .expireUpload($0) }
      + state.expiredPushes.map { .expirePush($0) }
      + (afterCursor + upToCursor).prefix(slots).map { .admit($0.id, $0.repo) }
  }
}
