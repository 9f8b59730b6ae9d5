import Foundation
import Platform
import TestSupport
import Testing

/// The whole upload path under simulated faults and crashes, one seed per run.
///
/// `SIMULATION_SEEDS=N` runs that many seeds, `SIMULATION_SEED=S` runs one and prints the end of its trace.
@Suite struct SimulationTests {
  static let seeds: ClosedRange<UInt64> = {
    let environment = ProcessInfo.processInfo.environment
    if let seed = environment["SIMULATION_SEED"].flatMap(UInt64.init) { return seed...seed }
    return 1...(environment["SIMULATION_SEEDS"].flatMap(UInt64.init) ?? 200)
  }()
  /// More than the usual run was asked for.
  static let isExtended = ProcessInfo.processInfo.environment["SIMULATION_SEEDS"] != nil
  static let isReplay = ProcessInfo.processInfo.environment["SIMULATION_SEED"] != nil

  @Test(
    "B-4 MUST-1…MUST-5: whatever fails, nothing acknowledged is lost, and all comes to its end",
    arguments: seeds)
  func seed(_ seed: UInt64) async throws {
    let (first, second) = try await onSimulationThread {
      (
        try SimulationRun.report(SimulationSettings(seed: seed)),
        try SimulationRun.report(SimulationSettings(seed: seed))
      )
    }
    let difference = SimulationTrace.difference(first.trace, second.trace)
    #expect(difference == nil, "seed \(seed) is not repeatable")
    for breach in first.breaches { Issue.record("seed \(seed): \(breach)") }
    if difference != nil || !first.breaches.isEmpty {
      Issue.record("replay: SIMULATION_SEED=\(seed) swift test --filter SimulationTests")
    }
    if Self.isReplay { FileHandle.standardError.write(Data((first.trace.tail(100_000) + "\n").utf8)) }
  }
}

private let threads = ThreadedExecutor(name: "simulation", threads: 2)

/// Runs the body on a thread that may be busy for long, as those of the tests' own pool may not.
func onSimulationThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws
  -> Result
{
  try await threads.run(body)
}
