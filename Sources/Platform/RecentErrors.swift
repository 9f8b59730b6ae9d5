import Vocabulary

/// The newest lines that were reported to the operator, for the status page; older ones are only in the log.
package final class RecentErrors: Sendable {
  package struct Line: Sendable, Equatable {
    package var at: Timestamp
    package var text: String
  }
  package static let limit = 50
  private let lines = Locked<[Line]>([])

  package init() {}

  package func add(_ text: String, at now: Timestamp) {
    lines.withLock { lines in
      if lines.count == Self.limit { lines.removeFirst() }
      lines.append(Line(at: now, text: text))
    }
  }

  /// Newest first.
  package var newest: [Line] { lines.withLock { $0.reversed() } }
}
