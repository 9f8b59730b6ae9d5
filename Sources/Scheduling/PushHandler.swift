import Platform
import Vocabulary

/// Carries out the commit of an admitted push; must be safe to run again after a crash at any point.
package protocol PushHandler: Sendable {
  /// - Throws: also `CommitStopped`, when it was asked to stop, or found that the push had been cancelled.
  func commit(_ push: PushID, until stop: CommitStop) async throws
}

/// The wish that a commit ends without a bundle; looked at between its steps.
package final class CommitStop: Sendable {
  private let wish = Locked(false)

  package init() {}
  package func request() { wish.withLock { $0 = true } }
  package var isRequested: Bool { wish.withLock { $0 } }

  /// - Throws: `CommitStopped`.
  package func check() throws(CommitStopped) { if isRequested { throw CommitStopped() } }
}

/// A commit ended before its bundle was there, because it was to.
package struct CommitStopped: Error, CustomStringConvertible {
  package init() {}
  package var description: String { "stopped" }
}
