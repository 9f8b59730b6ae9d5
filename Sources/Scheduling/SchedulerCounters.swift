import Vocabulary

/// What the scheduler did since the server started.
package struct SchedulerCounters: Sendable, Equatable {
  package var ticks = 0
  package var started = 0
  package var committed = 0
  /// Pushes that failed for good.
  package var failed = 0
  /// Attempts that failed and are made again.
  package var retried = 0
  /// Commits under way that found their push cancelled.
  package var cancelled = 0
  /// Commits asked to stop because they took too long.
  package var timedOut = 0
  package var lastTickAt: Timestamp?
  package var running: [PushID: RepoName] = [:]
  /// False while commits wait for free disk space.
  package var hasRoom = true

  package init() {}
}

extension SchedulerRunner {
  package struct Settings: Sendable {
    package var maximumRunning: Int
    package var heartbeatMilliseconds: Int
    /// Attempts at a commit, failures that may pass included, before its push fails.
    package var maximumAttempts: Int
    /// nil: a commit may take any time.
    package var commitTimeoutSeconds: Int64?
    package init(
      maximumRunning: Int, heartbeatMilliseconds: Int, maximumAttempts: Int = 10,
      commitTimeoutSeconds: Int64? = nil
    ) {
      self.maximumRunning = maximumRunning
      self.heartbeatMilliseconds = heartbeatMilliseconds
      self.maximumAttempts = maximumAttempts
      self.commitTimeoutSeconds = commitTimeoutSeconds
    }
  }
  package typealias Counters = SchedulerCounters
}
