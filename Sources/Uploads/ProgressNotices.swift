import Blobs
import Platform
import Vocabulary

/// Tells a client that waits how much of what it sends is durable: now and then, never more than is true.
final class ProgressNotices: Sendable {
  private struct State {
    var toldOffset: Int64
    var toldAt: ContinuousClock.Instant
    var checkpointAt: ContinuousClock.Instant
  }
  /// Between two notices lie at least this many bytes, or this much time.
  private static let stepBytes: Int64 = 16 << 20
  private static let interval = Duration.seconds(2)

  private let id: UploadID
  private let partial: any PartialBlob
  private let uptime: @Sendable () -> ContinuousClock.Instant
  private let notify: UploadEngine.Notify
  private let state: Locked<State>

  init(
    of id: UploadID, _ partial: any PartialBlob, uptime: @escaping @Sendable () -> ContinuousClock.Instant,
    _ notify: @escaping UploadEngine.Notify
  ) {
    self.id = id
    self.partial = partial
    self.uptime = uptime
    self.notify = notify
    let now = uptime()
    state = Locked(State(toldOffset: partial.size, toldAt: now, checkpointAt: now))
  }

  /// The greatest offset that was told: nothing may be cut off in front of it any more.
  var toldOffset: Int64 { state.withLock { $0.toldOffset } }

  /// Called after every piece of content.
  func advance() {
    let now = uptime()
    let (size, durableSize) = (partial.size, partial.durableSize)
    let (mustTell, mustCheckpoint) = state.withLock { state in
      let newBytes = durableSize - state.toldOffset
      let mustTell = newBytes >= Self.stepBytes || (newBytes > 0 && now - state.toldAt >= Self.interval)
      if mustTell { (state.toldOffset, state.toldAt) = (durableSize, now) }
      let mustCheckpoint =
        now - state.checkpointAt >= Self.interval && size > durableSize
      if mustCheckpoint { state.checkpointAt = now }
      return (mustTell, mustCheckpoint)
    }
    if mustCheckpoint { partial.checkpoint() }
    if mustTell { notify(.progressed(id, offset: durableSize)) }
  }
}
