/// A bound on bytes held in memory by all requests together.
package final class ByteBudget: Sendable {
  private let free: Locked<Int>

  package init(bytes: Int) { free = Locked(bytes) }

  /// Takes `bytes` if they are free; false otherwise. `release` must give the same number back.
  package func acquire(_ bytes: Int) -> Bool {
    free.withLock { free in
      guard free >= bytes else { return false }
      free -= bytes
      return true
    }
  }

  package func release(_ bytes: Int) { free.withLock { $0 += bytes } }
}

/// A share of a budget that grows; it goes back when the last reference to this is gone.
package final class ByteReservation: Sendable {
  private let budget: ByteBudget
  private let held = Locked(0)

  package init(_ budget: ByteBudget) { self.budget = budget }
  deinit { budget.release(held.withLock { $0 }) }

  /// Takes `bytes` more if they are free; false otherwise.
  package func grow(by bytes: Int) -> Bool {
    guard budget.acquire(bytes) else { return false }
    held.withLock { $0 += bytes }
    return true
  }
}
