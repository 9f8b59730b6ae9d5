import Catalog
import Platform

/// Lets a chosen call to another catalog fail: before anything was done, or after it was done and only the answer is lost.
package final class FaultyCatalog: CatalogStore {
  package struct Injected: Error {
    package init() {}
  }
  package enum Moment: Sendable, CaseIterable { case before, after }
  private struct State {
    var count = 0
    var failing: Int?
    var moment = Moment.before
    var wasHit = false
  }
  private let base: any CatalogStore
  private let state = Locked(State())

  package init(_ base: any CatalogStore) { self.base = base }

  /// Lets the `number`-th call from now on (1 is the next) fail, and all later ones before they do anything.
  package func fail(call number: Int, _ moment: Moment) {
    state.withLock { $0 = State(failing: number, moment: moment) }
  }
  package func heal() { state.withLock { $0 = State() } }
  package var wasHit: Bool { state.withLock { $0.wasHit } }

  private func isFailing(_ moment: Moment, entering: Bool) -> Bool {
    state.withLock { state in
      if entering { state.count += 1 }
      guard let failing = state.failing else { return false }
      let isHit = state.count == failing && state.moment == moment || entering && state.count > failing
      if isHit { state.wasHit = true }
      return isHit
    }
  }

  package func read<Result: Sendable>(
    _ body: @escaping @Sendable (any CatalogReader) throws -> Result
  ) async throws -> Result {
    if isFailing(.before, entering: true) { throw Injected() }
    let result = try await base.read(body)
    if isFailing(.after, entering: false) { throw Injected() }
    return result
  }

  package func write<Result: Sendable>(
    _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
  ) async throws -> Result {
    if isFailing(.before, entering: true) { throw Injected() }
    let result = try await base.write(body)
    if isFailing(.after, entering: false) { throw Injected() }
    return result
  }

  package func sync() async throws {
    if isFailing(.before, entering: true) { throw Injected() }
    try await base.sync()
    if isFailing(.after, entering: false) { throw Injected() }
  }

  package func close() throws { try base.close() }
}
