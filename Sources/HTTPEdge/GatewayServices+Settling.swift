/// Waiting for uploads whose digest is on its way.
extension GatewayServices {
  private static let settlingAttempts = 200
  private static let settlingPause = Duration.milliseconds(50)

  /// Asks again while the SHA-256 of an upload is being worked out, ten seconds at most.
  static func settled<Answer: Sendable>(
    _ ask: () async throws -> Answer, isSettling: (Answer) -> Bool
  ) async throws -> Answer {
    for _ in 0..<settlingAttempts {
      let answer = try await ask()
      if !isSettling(answer) { return answer }
      try await Task.sleep(for: settlingPause)
    }
    return try await ask()
  }
}
