import Vocabulary

/// The head of one repo's queue.
package struct QueuedPush: Sendable, Equatable {
  package var id: PushID
  package var repo: RepoName
  package var sealedAt: Timestamp
  package var turn: RepoTurn
  package init(id: PushID, repo: RepoName, sealedAt: Timestamp, turn: RepoTurn = RepoTurn()) {
    self.id = id
    self.repo = repo
    self.sealedAt = sealedAt
    self.turn = turn
  }
}

/// What a repo has had of the scheduler's rounds.
package struct RepoTurn: Sendable, Equatable {
  /// Commits it may start in each round.
  package var weight: Int
  /// The round it last started a commit in, 0 before the first.
  package var round: Int64
  /// Its starts in that round.
  package var starts: Int
  package var lastStartAt: Timestamp?

  package init(weight: Int = 1, round: Int64 = 0, starts: Int = 0, lastStartAt: Timestamp? = nil) {
    self.weight = weight
    self.round = round
    self.starts = starts
    self.lastStartAt = lastStartAt
  }

  /// Commits it may still start in the round.
  package func left(in round: Int64) -> Int { self.round == round ? max(0, weight - starts) : weight }
}

/// Where the scheduler's round stands.
package struct SchedulerRound: Sendable, Equatable {
  /// From 1 on.
  package var number: Int64
  /// Commits started in it, of all repos.
  package var starts: Int
  /// The repo that was served last.
  package var cursor: RepoName?

  package init(number: Int64 = 1, starts: Int = 0, cursor: RepoName? = nil) {
    self.number = number
    self.starts = starts
    self.cursor = cursor
  }
}

/// What a list of pushes is asked for by; the rows of each are in an index.
package enum PushKey: Sendable, Equatable {
  case status(PushState.Status?, repo: RepoName?)
  case state(PushState)
  case label(LabelName)
  case origin(PushRecord.Origin)
  /// The name of a source.
  case source(String)
}
