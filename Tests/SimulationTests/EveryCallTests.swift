import TestSupport
import Testing

/// One small scenario over and over: with a fault at its first call of the disk or the catalog, at its second …
@Suite struct EveryCallTests {
  struct Mode: Sendable, CustomTestStringConvertible {
    let fault: FaultPlan.Fault
    let isLasting: Bool
    let isPowerLoss: Bool
    /// Only every so many calls are struck, unless `SIMULATION_SEEDS` asks for more than the usual run.
    var stride = 1
    var testDescription: String {
      "\(fault)\(isLasting ? " from then on" : "")\(isPowerLoss ? ", then loss of power" : "")"
    }
  }

  static let modes: [Mode] = [
    Mode(fault: .crash, isLasting: false, isPowerLoss: true),
    Mode(fault: .crash, isLasting: false, isPowerLoss: false, stride: 3),
    Mode(fault: .failed, isLasting: false, isPowerLoss: true),
    Mode(fault: .failed, isLasting: true, isPowerLoss: true, stride: 5),
    Mode(fault: .full, isLasting: false, isPowerLoss: true),
    Mode(fault: .full, isLasting: true, isPowerLoss: false, stride: 5),
  ]

  /// A small single upload, one of several requests, and a push that seals itself.
  static func scenario(isPowerLoss: Bool, _ strikes: [SimulationSettings.Strike]) -> SimulationSettings {
    var settings = SimulationSettings(seed: 4)
    settings.isSynced = true
    settings.isPowerLoss = isPowerLoss
    settings.rates = .init()
    settings.capacity = 1 << 40
    settings.requests = 3
    settings.pushes = [.init(isListed: true, sealsItself: true)]
    settings.files = [
      .init(byteCount: 300, declaration: .right, seed: 1),
      .init(byteCount: 66_000, isDeferred: true, seed: 2),
      .init(byteCount: 70_000, declaration: .right, push: 0, seed: 3),
      .init(byteCount: 20, push: 0, seed: 4),
    ]
    settings.strikes = strikes
    return settings
  }

  /// Runs the scenario with each of the strikes and records what was broken, for the first few that break something.
  static func expectNoBreach(isPowerLoss: Bool, _ strikes: [[SimulationSettings.Strike]]) async throws {
    let flaws = try await onSimulationThread {
      var flaws: [String] = []
      for strikes in strikes where flaws.count < 5 {
        let report = try SimulationRun.report(scenario(isPowerLoss: isPowerLoss, strikes))
        flaws += report.breaches.prefix(2).map {
          "\(strikes.map { "life \($0.life), call \($0.call)" }): \($0)"
        }
      }
      return flaws
    }
    for flaw in flaws { Issue.record("\(flaw)") }
  }

  /// The calls of each life; the first one's strike is beyond all of them.
  static func calls(isPowerLoss: Bool, _ strikes: [SimulationSettings.Strike]) async throws -> [Int] {
    try await onSimulationThread {
      try SimulationRun.report(scenario(isPowerLoss: isPowerLoss, strikes)).callsOfLives
    }
  }

  @Test(
    "B-4 whichever call goes wrong, nothing acknowledged is lost, and all comes to its end", arguments: modes)
  func everyCall(mode: Mode) async throws {
    func strike(_ call: Int) -> [SimulationSettings.Strike] {
      [.init(life: 0, call: call, fault: mode.fault, isLasting: mode.isLasting)]
    }
    let count = try #require(try await Self.calls(isPowerLoss: mode.isPowerLoss, strike(.max / 2)).first)
    #expect(count > 100)
    let calls = stride(from: 1, through: count, by: SimulationTests.isExtended ? 1 : mode.stride)
    try await Self.expectNoBreach(isPowerLoss: mode.isPowerLoss, calls.map(strike))
  }

  @Test("a crash during the recovery from a crash is one more crash", arguments: [30, 60, 90, 120])
  func recovery(firstCall: Int) async throws {
    let first = SimulationSettings.Strike(life: 0, call: firstCall, fault: .crash)
    let counts = try await Self.calls(isPowerLoss: true, [first])
    try #require(counts.count > 1)
    let strikes = (1...min(40, counts[1])).map { [first, .init(life: 1, call: $0, fault: .crash)] }
    try await Self.expectNoBreach(isPowerLoss: true, strikes)
  }
}
