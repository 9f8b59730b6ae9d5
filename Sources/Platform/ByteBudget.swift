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
