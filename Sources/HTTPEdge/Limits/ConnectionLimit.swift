import Platform

/// Counts the open connections of every client, and turns those away that are too many.
package final class ConnectionLimit: Sendable {
  package enum Admission: Equatable, Sendable {
    /// `leave` has to be called with the name, if there is one, when the connection ends.
    case admitted(String?)
    /// To be told why; `leaveRefused` has to be called when the connection ends.
    case refused
    /// Too many are being told already.
    case dropped
  }
  private struct State {
    var counts: [String: Int] = [:]
    var refusedCount = 0
  }
  /// Connections that are being told that they are too many; they count towards the limit of all connections.
  package static let refusedLimit = 64

  package let perAddress: Int
  private let clientName: @Sendable (String) -> String?
  private let state = Locked(State())

  /// `perAddress` 0 is no limit. `clientName` tells whom an address counts as, nil for nobody.
  package init(perAddress: Int, clientName: @escaping @Sendable (String) -> String?) {
    self.perAddress = perAddress
    self.clientName = clientName
  }

  package func admit(_ address: String?) -> Admission {
    guard perAddress > 0, let name = address.flatMap(clientName) else { return .admitted(nil) }
    return state.withLock { state in
      let count = state.counts[name] ?? 0
      if count < perAddress {
        state.counts[name] = count + 1
        return .admitted(name)
      }
      guard state.refusedCount < Self.refusedLimit else { return .dropped }
      state.refusedCount += 1
      return .refused
    }
  }

  package func leave(_ name: String) {
    state.withLock { state in
      guard let count = state.counts[name] else { preconditionFailure("\(name) has no connection") }
      state.counts[name] = count > 1 ? count - 1 : nil
    }
  }

  package func leaveRefused() { state.withLock { $0.refusedCount -= 1 } }
}
