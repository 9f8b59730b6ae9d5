import Platform

/// Work that goes on beside everything else, one run at a time; whoever wakes it does not wait for it.
package final class BackgroundWork: Sendable {
  private let isRunning = Locked(false)
  private let report: @Sendable (any Error) -> Void
  private let work: @Sendable () async throws -> Void

  package init(
    report: @escaping @Sendable (any Error) -> Void, work: @escaping @Sendable () async throws -> Void
  ) {
    self.report = report
    self.work = work
  }

  /// Begins a run, unless one is under way.
  package func wake() {
    let mustStart = isRunning.withLock { isRunning in
      defer { isRunning = true }
      return !isRunning
    }
    guard mustStart else { return }
    Task {
      do { try await work() } catch { report(error) }
      isRunning.withLock { $0 = false }
    }
  }
}
