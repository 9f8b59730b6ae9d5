import Foundation
import TestSupport
import Testing

/// B-32: clients that hold places without getting anywhere. `SlowClientTests` has those that trickle.
@Suite struct PeerBugIdleTests {
  private static let limits = [
    "--head-timeout-seconds", "1", "--idle-timeout-seconds", "1", "--minimum-bytes-per-second", "1000",
  ]

  @Test("B-32 a client that is told to continue and never sends a body is broken off")
  func neverABody() throws {
    let server = try GatewayProcess.running(Self.limits)
    let path = try server.upload(length: 1000)
    let connection = try server.connect()
    try connection.sendHead(
      "PATCH", path,
      [
        ("Tus-Resumable", "1.0.0"), ("Content-Type", "application/offset+octet-stream"),
        ("Upload-Offset", "0"),
        ("Expect", "100-continue"),
      ], length: 1000)
    #expect(try connection.wireAnswer().status == 500)
    #expect(try connection.isClosedByServer())
    #expect(try server.offset(of: path) == 0)
  }

  @Test("B-32 empty appends keep no upload alive that gets no bytes")
  func emptyAppends() throws {
    let server = try GatewayProcess.running(["--upload-expiry-seconds", "2", "--orphan-expiry-seconds", "2"])
    let path = try server.upload(length: 1000)
    let start = ContinuousClock.now
    var status = 204
    while status == 204, start.duration(to: .now) < .seconds(60) {
      status = try server.request("PATCH", path, TusRequests.patch(0), body: []).status
      usleep(200_000)
    }
    #expect(status == 410)
  }

  @Test(
    "B-32 a client can hold as many idle connections and open uploads as it may, and others still get through"
  )
  func idle() throws {
    let server = try GatewayProcess.running(
      Self.limits + ["--maximum-open-per-address", "3", "--maximum-connections-per-address", "20"])
    let silent = try (0..<15).map { _ in try server.connect() }
    for _ in 0..<3 { _ = try server.upload(length: 10) }
    #expect(try server.creation(length: 10).status == 429)
    #expect(try server.request("GET", "/healthz").status == 200)
    #expect(try silent.allSatisfy { try $0.isClosedByServer() })
  }
}
