import Foundation
import Platform
import TestSupport
import Testing

/// The built server is killed at the steps of a scenario one by one, each time on a data folder of its own.
///
/// By default every k-th of those steps at which something changes, for some seconds; CRASH_ALL=1 takes every step.
@Suite(.serialized) struct KillStepTests {
  private typealias RunResult = Result<KillStepRun.Outcome, any Error>

  private static let environment = ProcessInfo.processInfo.environment
  private static let servers = 2
  private static let runsPerScenario = 16
  private static let secondsPerScenario = 6.0
  private static let seed =
    environment["CRASH_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000)

  @Test(
    "MUST-1 MUST-2 MUST-3 MUST-4 MUST-5 a server killed at any durable step keeps what it acknowledged",
    .timeLimit(.minutes(30)), arguments: KillStepScenario.allCases)
  func everyStep(of scenario: KillStepScenario) async throws {
    let only = Self.environment["CRASH_SCENARIO"]
    if only != nil && only != scenario.rawValue { return }
    let points = try await Self.points(of: scenario)
    let rest = Locked(points[...])
    let isLimited = Self.environment["CRASH_ALL"] != "1"
    let end = Date(timeIntervalSinceNow: Self.secondsPerScenario)
    let results = try await withThrowingTaskGroup(of: [RunResult].self) { group in
      for _ in 0..<Self.servers {
        group.addTask {
          try await blocking {
            var results: [RunResult] = []
            while !isLimited || Date.now < end, let point = rest.withLock({ $0.popFirst() }) {
              results.append(RunResult { try KillStepRun(scenario: scenario, point: point).run() })
            }
            return results
          }
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    var reached = 0
    for result in results {
      switch result {
      case .success(let outcome): reached += outcome.isKilled ? 1 : 0
      case .failure(let error): Issue.record("\(error)")
      }
    }
    print("scenario \(scenario): \(reached) kills in \(results.count) runs of \(points.count)")
    // How the bytes arrive decides how many writes they take, so the last steps may not come.
    #expect(results.contains { (try? $0.get().isKilled) ?? true })
  }

  private static func points(of scenario: KillStepScenario) async throws -> [KillPoint] {
    if let step = environment["CRASH_STEP"].flatMap({ Int($0) }) {
      let when = environment["CRASH_WHEN"].flatMap { KillPoint.When(rawValue: $0) }
      return [KillPoint(step: step, when: when ?? .before)]
    }
    let trace = try await blocking { try KillStepRun(scenario: scenario, point: nil).run().trace }
    // The catalog's library has to be watched like the server's own code.
    try #require(trace.contains { $0.contains("catalog.sqlite-wal") }, "\(trace)")
    func points(_ steps: some Sequence<Int>) -> [KillPoint] {
      steps.flatMap { step in KillPoint.When.allCases.map { KillPoint(step: step, when: $0) } }
    }
    if environment["CRASH_ALL"] == "1" {
      print("scenario \(scenario): \(trace.count) steps, all of them, before and after")
      return points(1...trace.count)
    }
    let telling = points(tellingSteps(trace))
    // An odd one takes points before and after calls by turns.
    let stride = (telling.count + runsPerScenario - 1) / runsPerScenario | 1
    let first = Int(seed % UInt64(stride))
    print(
      """
      scenario \(scenario): \(trace.count) steps, every \(stride). of \(telling.count) points; \
      again: CRASH_SEED=\(seed) CRASH_SCENARIO=\(scenario) swift test --filter KillStepTests
      """)
    // Shuffled, as a slow machine does not get to the last.
    var random = SeededRandom(seed: seed)
    return Swift.stride(from: first, to: telling.count, by: stride).map { telling[$0] }
      .shuffled(using: &random)
  }

  /// The first and the last of every row of equal calls on one file, such as the pages of a transaction.
  private static func tellingSteps(_ trace: [String]) -> [Int] {
    let calls = trace.map { $0.drop { $0 != " " } }
    return calls.indices.filter { index in
      index == 0 || index == calls.count - 1 || calls[index] != calls[index - 1]
        || calls[index] != calls[index + 1]
    }.map { $0 + 1 }
  }
}
