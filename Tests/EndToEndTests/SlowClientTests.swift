import Foundation
import Platform
import TestSupport
import Testing

/// Clients that keep a connection busy without getting anywhere.
@Suite struct SlowClientTests {
  private static let limits = [
    "--head-timeout-seconds", "1", "--idle-timeout-seconds", "2", "--minimum-bytes-per-second", "1000",
  ]

  @Test("a head that is not whole in time is answered with 408 too-slow, and the connection ends")
  func slowHead() throws {
    let server = try GatewayProcess.running(Self.limits)
    let connection = try server.connect()
    try connection.send("GET /healthz HTTP/1.1\r\nHost: local")
    let answer = try connection.answer()
    #expect(answer.status == 408)
    #expect(answer.code == "too-slow")
    #expect(answer.headers["cache-control"] == "no-store")
    #expect(answer.headers["x-content-type-options"] == "nosniff")
    #expect(try connection.isClosedByServer())
  }

  @Test("a connection that sends nothing is closed, and so is one that never gets on with its second head")
  func silence() throws {
    let server = try GatewayProcess.running(Self.limits)
    let silent = try server.connect()
    #expect(try silent.isClosedByServer())
    let second = try server.connect()
    #expect(try second.request("GET", "/healthz").status == 200)
    try second.send("G")
    #expect(try second.answer().status == 408)
    #expect(try second.isClosedByServer())
  }

  @Test("a connection that is kept open between requests lives longer than a head may take")
  func keptAlive() throws {
    let server = try GatewayProcess.running([
      "--head-timeout-seconds", "1", "--idle-timeout-seconds", "60",
    ])
    let connection = try server.connect()
    for _ in 0..<2 {
      #expect(try connection.request("GET", "/healthz").status == 200)
      #expect(try connection.request("OPTIONS", "/files/").status == 204)
      usleep(1_700_000)
    }
    #expect(try connection.request("GET", "/healthz").status == 200)
  }

  /// Sends a byte now and then until the connection breaks.
  private func trickle(_ connection: RawConnection) {
    for _ in 0..<200 {
      do { try connection.send("x") } catch { return }
      usleep(50_000)
    }
  }

  @Test(
    "a body that trickles is broken off with too-slow, 500 to a client of tus, and what arrived counts",
    arguments: [1_000_000, 50_000])
  func trickle(length: Int) throws {
    let server = try GatewayProcess.running(Self.limits)
    let path = try server.upload(length: length)
    let connection = try server.connect()
    try connection.send(RawConnection.head("PATCH", path, TusRequests.patch(0), length: length))
    trickle(connection)
    let answer = try connection.answer()
    #expect(answer.status == 500)
    #expect(answer.code == "too-slow")
    #expect(answer.headers["connection"] == "close")
    let offset = try #require(try server.offset(of: path))
    #expect(offset > 0)
    let rest = try server.request(
      "PATCH", path, TusRequests.patch(offset), body: [UInt8](repeating: 7, count: length - offset))
    #expect(rest.headers["upload-offset"] == String(length))
  }

  @Test("a creation whose content trickles is broken off, and so is the body of an API request")
  func otherBodies() throws {
    let server = try GatewayProcess.running(Self.limits)
    let creation = try server.connect()
    try creation.send(
      RawConnection.head(
        "POST", "/files/",
        [
          "Tus-Resumable": "1.0.0", "Upload-Length": "50000",
          "Content-Type": "application/offset+octet-stream",
        ], length: 50000))
    trickle(creation)
    #expect(try creation.answer().status == 500)
    let push = try server.connect()
    try push.send(
      RawConnection.head("POST", "/api/v1/pushes", ["Content-Type": "application/json"], length: 50000))
    trickle(push)
    #expect(try push.isClosedByServer())
  }

  @Test("a body that falls silent is broken off too, and what arrived counts")
  func silentBody() throws {
    let server = try GatewayProcess.running(Self.limits)
    let path = try server.upload(length: 1_000_000)
    let holder = try server.stalledPatch(path, of: 1_000_000, after: 300_000)
    let answer = try holder.answer()
    #expect(answer.code == "too-slow")
    #expect(try server.offset(of: path) == 300_000)
  }
}
