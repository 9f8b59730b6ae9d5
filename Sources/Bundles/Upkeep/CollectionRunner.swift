import Blobs
import Catalog
import Platform
import Vocabulary

/// Runs one collection at a time and remembers the last.
package final class CollectionRunner: Sendable {
  /// How the last collection went, or how far the one that runs is.
  package struct Status: Sendable, Equatable {
    package enum State: String, Sendable { case idle, running, done, failed }
    package var state = State.idle
    package var isDryRun = false
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    package var report = CollectionReport()
    /// Why it failed, for people.
    package var error: String?
    package init() {}
  }

  private let collector: Collector
  private let clock: any WallClock
  private let report: @Sendable (String) -> Void
  private let status = Locked(Status())
  private let task = Locked<Task<Void, Never>?>(nil)

  package init(
    collector: Collector, clock: any WallClock, report: @escaping @Sendable (String) -> Void
  ) {
    self.collector = collector
    self.clock = clock
    self.report = report
  }

  package var current: Status { status.withLock { $0 } }

  /// Begins a collection; when one runs, that is the one.
  @discardableResult
  package func start(isDryRun: Bool, by actor: String?) -> Status {
    let now = clock.now()
    let isNew = status.withLock { status in
      guard status.state != .running else { return false }
      status = Status()
      status.state = .running
      status.isDryRun = isDryRun
      status.startedAt = now
      return true
    }
    if isNew {
      let run = Task { await self.run(isDryRun: isDryRun, by: actor) }
      task.withLock { $0 = run }
    }
    return current
  }

  /// Ends the collection that runs; what it has not done the next one does.
  package func stop() async {
    let running = task.withLock { $0 }
    running?.cancel()
    await running?.value
  }

  private func run(isDryRun: Bool, by actor: String?) async {
    do {
      let result = try await collector.run(isDryRun: isDryRun) { [status] progress in
        status.withLock { $0.report = progress }
      }
      reportFaults()
      if !isDryRun { try await record(result, by: actor) }
      end(.done, error: nil)
    } catch is CancellationError {
      end(.failed, error: "it was stopped; the next collection does the rest")
    } catch {
      reportFaults()
      report("collection failed: \(error)")
      end(.failed, error: (error as? ProblemError)?.detail ?? "the operator has been told why")
    }
  }

  private func reportFaults() {
    for fault in current.report.faults { report("collection: \(fault)") }
  }

  private func end(_ state: Status.State, error: String?) {
    let now = clock.now()
    let ended = status.withLock { status in
      status.state = state
      status.finishedAt = now
      status.error = error
      return status
    }
    // One that was stopped has removed what it says too.
    guard !ended.isDryRun else { return }
    collector.blobs.counters.add(
      .collected, count: ended.report.removedObjects, bytes: ended.report.removedBytes)
  }

  private func record(_ result: CollectionReport, by actor: String?) async throws {
    let now = clock.now()
    try await collector.catalog.write { transaction in
      try transaction.record(
        NewEvent(
          at: now, kind: .collectionRun, subject: "objects",
          details: [
            "removedObjects": String(result.removedObjects), "removedBytes": String(result.removedBytes),
            "rewrittenPacks": String(result.rewrittenPacks),
          ], actor: actor))
    }
  }
}
