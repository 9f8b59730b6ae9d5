/// How long a connection may take to send the head of a request.
///
/// Pure: events are the mutating functions. Times are counted from any fixed moment.
package struct HeadWatch: Sendable {
  package enum Verdict: Equatable, Sendable {
    case patient
    /// Nothing was sent: there is nobody to answer.
    case close
    /// A part of a head was sent: answer, then close.
    case refuse
  }
  private enum State {
    case opened(at: Duration)
    case arriving(since: Duration)
    case busy
    case idle
  }
  private let timeout: Duration
  private var state: State

  package init(timeout: Duration, openedAt now: Duration) {
    self.timeout = timeout
    state = .opened(at: now)
  }

  /// True while bytes could be the beginning of a head; others need not be told of.
  package var isWaiting: Bool {
    switch state {
    case .opened, .idle: true
    case .arriving, .busy: false
    }
  }

  package mutating func bytesArrived(at now: Duration) {
    switch state {
    case .opened(let opened): state = .arriving(since: opened)
    case .idle: state = .arriving(since: now)
    case .arriving, .busy: break
    }
  }

  /// A whole head is there.
  package mutating func requestBegan() { state = .busy }

  /// Every request is answered: a connection that is kept open may be silent for longer.
  package mutating func answered() { state = .idle }

  package func verdict(at now: Duration) -> Verdict {
    switch state {
    case .opened(let since): now - since >= timeout ? .close : .patient
    case .arriving(let since): now - since >= timeout ? .refuse : .patient
    case .busy, .idle: .patient
    }
  }
}
