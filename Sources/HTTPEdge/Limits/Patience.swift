import NIOCore
import Vocabulary

/// How long a connection waits for its client.
struct Patience: Sendable {
  let idle: TimeAmount
  let head: TimeAmount
  /// What a body has to bring, on average over the idle time; 0 for anything.
  let bytesPerSecond: Int

  /// Connections are looked at this often: twice in the shortest time is exact enough.
  var lookInterval: TimeAmount {
    .nanoseconds(min(idle.nanoseconds / 2, head.nanoseconds / 2, 5_000_000_000))
  }

  var headWatch: HeadWatch {
    HeadWatch(timeout: .nanoseconds(head.nanoseconds), openedAt: NIODeadline.now().time)
  }
  var rateWatch: RateWatch {
    RateWatch(bytesPerSecond: bytesPerSecond, window: .nanoseconds(idle.nanoseconds))
  }

  var slowHead: ProblemError {
    ProblemError(
      .tooSlow, detail: "the request's head was not whole after \(head.nanoseconds / 1_000_000_000) seconds")
  }
  var slowBody: ProblemError {
    let seconds = idle.nanoseconds / 1_000_000_000
    return ProblemError(
      .tooSlow,
      detail: """
        the request's body brought fewer than \(max(bytesPerSecond, 1)) bytes per second within \(seconds) seconds, \
        or fell silent; what arrived is safe, ask for the offset and resume
        """)
  }
}

extension NIODeadline {
  /// Since the fixed moment that all deadlines count from.
  var time: Duration { .nanoseconds(Int64(clamping: uptimeNanoseconds)) }
}
