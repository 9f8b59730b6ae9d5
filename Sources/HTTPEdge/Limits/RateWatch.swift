/// Whether a body arrives too slowly: with fewer bytes per second than a minimum, on average over a window.
///
/// Pure: events are the mutating functions. Times are counted from any fixed moment.
package struct RateWatch: Sendable {
  private let bytesPerSecond: Int
  private let window: Duration
  private var lookedAt: Duration?
  private var elapsed = Duration.zero
  private var byteCount = 0

  /// A minimum of 0 is none.
  package init(bytesPerSecond: Int, window: Duration) {
    self.bytesPerSecond = bytesPerSecond
    self.window = window
  }

  /// The client may send from now on.
  package mutating func begin(at now: Duration) {
    lookedAt = now
    elapsed = .zero
    byteCount = 0
  }

  package mutating func received(_ byteCount: Int) { self.byteCount += byteCount }

  /// To be asked at least twice in a window.
  package mutating func isTooSlow(at now: Duration) -> Bool {
    guard bytesPerSecond > 0, let lookedAt else { return false }
    self.lookedAt = now
    // After a longer pause it was the server that was held up, and the bytes of that time are still to be read.
    elapsed += min(now - lookedAt, window / 2)
    guard elapsed >= window else { return false }
    let isTooSlow = Double(byteCount) < Double(bytesPerSecond) * (elapsed / .seconds(1))
    elapsed = .zero
    byteCount = 0
    return isTooSlow
  }
}
