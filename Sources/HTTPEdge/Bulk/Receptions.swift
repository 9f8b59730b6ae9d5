import Platform

/// The requests of many files whose content is being read: a shutdown ends their waiting for more of it.
package final class Receptions: Sendable {
  private struct State {
    var running: [ObjectIdentifier: RequestPieces] = [:]
    var isDraining = false
  }
  private let state = Locked(State())

  package init() {}

  func add(_ pieces: RequestPieces) {
    let isDraining = state.withLock { state in
      state.running[ObjectIdentifier(pieces)] = pieces
      return state.isDraining
    }
    if isDraining { pieces.drain() }
  }

  func remove(_ pieces: RequestPieces) { state.withLock { $0.running[ObjectIdentifier(pieces)] = nil } }

  /// From now on nobody waits for content any more.
  func drain() {
    let running = state.withLock { state in
      state.isDraining = true
      return Array(state.running.values)
    }
    for pieces in running { pieces.drain() }
  }
}
