import Blobs
import Platform
import Vocabulary

/// Watches that content leaves a reserve of the storage free, for what must go on when it is nearly full: finishing,
/// cancelling, and the catalog.
///
/// The free space is measured now and then, and what is taken in between is subtracted, so that asking costs no call
/// of the system.
package final class DiskHeadroom: Sendable {
  package typealias Space = (free: Int64, total: Int64)
  private struct State {
    /// Beyond the reserve, by the last measurement and what was taken since.
    var room: Int64?
    var measuredAt = Timestamp(milliseconds: 0)
    var isMeasuring = false
  }
  /// A measurement counts for this long.
  static let freshMilliseconds: Int64 = 250
  /// The reserve is at most the storage divided by this: a small storage could not be used otherwise.
  private static let reserveDivisor: Int64 = 20

  private let reserveBytes: Int64
  private let clock: any WallClock
  private let measure: @Sendable () async throws -> Space
  private let spawn: @Sendable (@escaping @Sendable () async -> Void) -> Void
  private let state = Locked(State())

  /// A reserve of 0 is none: then nothing is measured. `spawn` starts a measurement that nobody waits for.
  package init(
    reserveBytes: Int64, clock: any WallClock,
    spawn: @escaping @Sendable (@escaping @Sendable () async -> Void) -> Void,
    measure: @escaping @Sendable () async throws -> Space
  ) {
    self.reserveBytes = reserveBytes
    self.clock = clock
    self.spawn = spawn
    self.measure = measure
  }

  /// Why no content may be taken now; nil when it may.
  package func problem() async -> ProblemError? {
    guard reserveBytes > 0 else { return nil }
    if state.withLock({ isStale($0) }) { await update() }
    return state.withLock { ($0.room ?? 1) > 0 } ? nil : Self.shortage
  }

  /// False when the bytes would not leave the reserve free: then they must not be written.
  package func take(_ byteCount: Int) -> Bool {
    guard reserveBytes > 0 else { return true }
    let (isTaken, mustMeasure) = state.withLock { state in
      let mustMeasure = isStale(state) && !state.isMeasuring
      if mustMeasure { state.isMeasuring = true }
      guard let room = state.room else { return (true, mustMeasure) }
      guard room >= byteCount else { return (false, mustMeasure) }
      state.room = room - Int64(byteCount)
      return (true, mustMeasure)
    }
    if mustMeasure { spawn { await self.update() } }
    return isTaken
  }

  static let shortage = ProblemError(
    .storageFull,
    detail: "the server's storage is nearly full and takes no more content; what was acknowledged is safe")

  /// The wall clock may jump, also back.
  private func isStale(_ state: State) -> Bool {
    abs(clock.now().milliseconds - state.measuredAt.milliseconds) >= Self.freshMilliseconds
  }

  private func update() async {
    let space = try? await measure()
    let now = clock.now()
    state.withLock { state in
      state.isMeasuring = false
      state.measuredAt = now
      // Without a measurement the writes themselves will tell.
      state.room = space.map { $0.free - min(reserveBytes, $0.total / Self.reserveDivisor) }
    }
  }
}
