import Foundation
import TestSupport

/// One run of a scenario: up to the kill, over a restart, to the end.
struct KillStepRun {
  let scenario: KillStepScenario
  /// Nil counts the steps; the server is then killed when the scenario is over.
  let point: KillPoint?

  struct Outcome: Sendable {
    /// Number, call and path of each step.
    let trace: [String]
    /// Whether the step was reached.
    let isKilled: Bool
  }

  func run() throws -> Outcome {
    let server = try KillStepServer(arguments: scenario.serverArguments)
    do {
      return try run(server)
    } catch {
      throw BrokenLaw(
        """
        \(error)
        replay: \(replayCommand)
        last steps: \(server.trace().suffix(12).joined(separator: ", "))
        log: \(server.log())
        """)
    }
  }

  private var replayCommand: String {
    let place = point.map { " CRASH_STEP=\($0.step) CRASH_WHEN=\($0.when.rawValue)" } ?? ""
    return "CRASH_SCENARIO=\(scenario.rawValue)\(place) swift test --filter KillStepTests"
  }

  private func run(_ server: KillStepServer) throws -> Outcome {
    let story = scenario.story()
    let isKilled = try runToKill(server, story)
    let trace = server.trace()
    if let point, point.when == .after { try server.recoverInVain(until: Self.recoveryPoint(for: point)) }
    do {
      try server.start()
      let client = KillStepClient(port: server.port)
      try story.demandKept(client)
      try story.proceed(client)
      try KillStepLaws(client: client).demandKept(story)
    } catch let error as RawConnection.Failure {
      throw BrokenLaw("a restarted server answers: \(error)")
    }
    return Outcome(trace: trace, isKilled: isKilled)
  }

  private func runToKill(_ server: KillStepServer, _ story: any KillStepStory) throws -> Bool {
    defer { server.crash() }
    do {
      if scenario == .opening { try server.arm() }
      try server.startWatched(until: point)
      try server.arm()
      try story.proceed(KillStepClient(port: server.port))
      // The server may have something left to do that nobody waits for.
      if point == nil { usleep(100_000) }
      return false
    } catch let error as RawConnection.Failure {
      try server.demandKilled(error)
      return true
    }
  }

  /// Recovery has to bear the same: where it is killed follows from the point, so that a run can be played again.
  private static func recoveryPoint(for point: KillPoint) -> KillPoint {
    KillPoint(step: 1 + point.step * 37 % recoverySteps, when: .after)
  }
  /// About what a recovery takes that has to finish and commit an upload.
  private static let recoverySteps = 120
}
