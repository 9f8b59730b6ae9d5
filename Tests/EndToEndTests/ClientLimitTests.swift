import Foundation
import TestSupport
import Testing

/// What one client, and all together, may have.
@Suite struct ClientLimitTests {
  @Test("503 too-many-connections for a client that has as many as it may, until one of them ends")
  func connections() throws {
    let server = try GatewayProcess.running(["--maximum-connections-per-address", "3"])
    var kept = try (0..<3).map { _ in
      let connection = try server.connect()
      #expect(try connection.request("GET", "/healthz").status == 200)
      return connection
    }
    let silent = try server.connect()
    #expect(try silent.answer().status == 503)
    #expect(try silent.isClosedByServer())
    let asking = try server.connect()
    let answer = try asking.request("GET", "/healthz")
    #expect(answer.status == 503)
    #expect(answer.code == "too-many-connections")
    #expect(answer.headers["retry-after"] != nil)
    #expect(answer.headers["connection"] == "close")
    #expect(try kept[0].request("GET", "/healthz").status == 200)
    kept.removeFirst()
    try eventually("a place is free") { (try? server.request("GET", "/healthz").status) == 200 }
  }

  @Test("connections of a trusted proxy are not counted")
  func trustedProxy() throws {
    let server = try GatewayProcess.running([
      "--maximum-connections-per-address", "1", "--maximum-open-per-address", "1", "--trusted-proxies",
      "127.0.0.0/8",
    ])
    let connections = try (0..<5).map { _ in try server.connect() }
    for connection in connections { #expect(try connection.request("GET", "/healthz").status == 200) }
    for _ in 0..<3 { #expect(try server.creation(length: 5).status == 201) }
  }

  @Test("429 too-many-uploads, also after a restart, until one is finished or deleted")
  func openUploads() throws {
    let server = try GatewayProcess.running(["--maximum-open-per-address", "2"])
    let first = try server.upload(length: 3)
    let second = try server.upload(length: 3)
    let refused = try server.creation(length: 3)
    #expect(refused.status == 429)
    #expect(refused.code == "too-many-uploads")
    #expect(refused.headers["retry-after"] != nil)
    server.crash()
    try server.start()
    #expect(try server.creation(length: 3).status == 429)
    #expect(try server.request("PATCH", first, TusRequests.patch(0), body: [1, 2, 3]).status == 204)
    let third = try server.creation(length: 3)
    #expect(third.status == 201)
    #expect(try server.request("DELETE", second, TusRequests.version).status == 204)
    #expect(try server.creation(length: 3).status == 201)
  }

  @Test("503 too-much-unfinished when the unfinished uploads come to too many bytes")
  func partialBytes() throws {
    let server = try GatewayProcess.running(["--maximum-partial-bytes", "1000"])
    #expect(try server.creation(length: 1001).status == 413)
    _ = try server.upload(length: 900)
    let refused = try server.creation(length: 101)
    #expect(refused.status == 503)
    #expect(refused.code == "too-much-unfinished")
    #expect(refused.headers["retry-after"] != nil)
    #expect(try server.creation(length: 100).status == 201)
  }
}
