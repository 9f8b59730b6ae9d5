/// Who may touch an upload: one request at a time, and the newest asks the holder to yield.
///
/// Pure: events are the mutating functions, what to do about them is what they return.
package struct OwnershipMachine: Sendable {
  package enum Action: Equatable, Sendable {
    /// The request owns the upload now.
    case grant(Int)
    /// The request must let go as soon as it can; it keeps what it has.
    case askToYield(Int)
    /// Too many requests wait.
    case refuse(Int)
  }

  package static let waitingLimit = 64

  private var holder: Int?
  private var waiting: [Int] = []

  package init() {}

  package var isIdle: Bool { holder == nil && waiting.isEmpty }

  package mutating func arrive(_ request: Int) -> [Action] {
    guard let holder else {
      holder = request
      return [.grant(request)]
    }
    waiting.append(request)
    // The newest request is the one whose client is surely there, so the one that waits longest makes room.
    let surplus = waiting.count > Self.waitingLimit ? [Action.refuse(waiting.removeFirst())] : []
    return surplus + [.askToYield(holder)]
  }

  /// - Precondition: `request` is the holder.
  package mutating func release(_ request: Int) -> [Action] {
    precondition(holder == request, "only the holder can release")
    guard !waiting.isEmpty else {
      holder = nil
      return []
    }
    let next = waiting.removeFirst()
    holder = next
    return waiting.isEmpty ? [.grant(next)] : [.grant(next), .askToYield(next)]
  }
}
