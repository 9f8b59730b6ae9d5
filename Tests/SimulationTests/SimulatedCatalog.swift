import Catalog
import CatalogSQLite
import Platform
import TestSupport
import Vocabulary

/// The catalog as the processes of one life see it: a real SQLite file whose calls run on the simulation's thread.
///
/// A transaction is atomic, and durable once it is committed; those that did not run before a crash are lost. Its calls
/// count as the disk's do, and the plan may let them fail before they do anything, or stop the machine before or after.
final class SimulatedCatalog: CatalogStore, @unchecked Sendable {
  // Sendable because a simulation runs on one thread.
  struct Failure: Error {}

  private let database: SQLiteCatalog
  private let disk: SimulatedDisk
  private let plan: FaultPlan
  private let trace: SimulationTrace
  private let readers: SimulationLane
  private let writer: SimulationLane
  private let random: Locked<SeededRandom>
  /// False from the crash on.
  var isRunning = true

  init(
    _ database: SQLiteCatalog, disk: SimulatedDisk, plan: FaultPlan, trace: SimulationTrace,
    executor: SimulationExecutor, seed: UInt64
  ) {
    self.database = database
    self.disk = disk
    self.plan = plan
    self.trace = trace
    readers = executor.lane(threads: 4)
    writer = executor.lane(threads: 1)
    random = Locked(SeededRandom(seed: seed))
  }

  func read<Value: Sendable>(
    _ body: @escaping @Sendable (any CatalogReader) throws -> Value
  ) async throws -> Value {
    try await readers.run { [self] in
      try enter("catalog read")
      return try database.readNow(body)
    }
  }

  func write<Value: Sendable>(
    _ body: @escaping @Sendable (any CatalogTransaction) throws -> Value
  ) async throws -> Value {
    try await writer.run { [self] in
      do {
        try enter("catalog write")
      } catch let stop as Stop {
        // The machine stops in the call: what was committed is there, whoever learns of it.
        if stop.isCommitted { _ = try? database.writeNow(body) }
        throw Failure()
      }
      return try database.writeNow(body)
    }
  }

  /// What is committed is durable.
  func sync() async throws {}
  func close() throws {}

  private struct Stop: Error {
    let isCommitted: Bool
  }

  private func enter(_ call: String) throws {
    guard isRunning else { throw Failure() }
    let fault = plan.next()
    trace.note("\(call)\(fault.map { " !\($0)" } ?? "")")
    switch fault {
    case .full: throw ProblemError(.storageFull, detail: "injected fault")
    case .failed: throw Failure()
    case .crash:
      disk.stop()
      throw Stop(isCommitted: random.withLock { $0.int(0...1) } == 0)
    case .slow:
      disk.whileSlow()
      if !isRunning { throw Failure() }
    case nil: break
    }
  }
}
