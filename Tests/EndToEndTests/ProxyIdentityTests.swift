import Foundation
import TestSupport
import Testing

/// Who a client is, and where it went, when a real proxy stands between.
@Suite struct ProxyIdentityTests {
  /// What a client writes that wants to be somebody else.
  private static let forged: KeyValuePairs = [
    "Tus-Resumable": "1.0.0", "Upload-Length": "100", "Content-Type": "application/offset+octet-stream",
    "X-Forwarded-For": "192.0.2.99", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example",
    "X-Real-IP": "192.0.2.99", "Forwarded": "for=192.0.2.99;proto=https;host=evil.example",
  ]

  /// A creation with content that stays in the middle, and whom the server takes the client for.
  private func client(_ proxied: ProxiedGateway) throws -> String? {
    let connection = try proxied.connect()
    try connection.send(RawConnection.head("POST", "/files/", Self.forged, length: 100) + "abc")
    try eventually("it is sending") { try !proxied.sendingClients().isEmpty }
    return try proxied.sendingClients()[0]
  }

  @Test(
    "B-28 behind a trusted proxy Location has the host the client used, and the client is who it is, whatever it writes",
    arguments: ProxyProgram.allCases)
  func trusted(program: ProxyProgram) throws {
    let proxied = try ProxiedGateway(program)
    let created = try proxied.request("POST", "/files/", Self.forged, body: [])
    let location = try #require(created.headers["location"])
    #expect(location.hasPrefix("http://localhost/files/"), "\(location)")
    #expect(try client(proxied) == "127.0.0.2")
  }

  @Test(
    "behind a proxy nobody trusts Location is a path, and the client is the proxy",
    arguments: ProxyProgram.allCases)
  func untrusted(program: ProxyProgram) throws {
    let proxied = try ProxiedGateway(program, ["--small-upload-bytes", "0"])
    let created = try proxied.request("POST", "/files/", Self.forged, body: [])
    #expect(created.headers["location"]?.hasPrefix("/files/") == true)
    #expect(try client(proxied) == "127.0.0.1")
  }

  @Test("limits count the clients behind a trusted proxy, each for itself", arguments: ProxyProgram.allCases)
  func limits(program: ProxyProgram) throws {
    let proxied = try ProxiedGateway(program, ProxiedGateway.trusting + ["--maximum-open-per-address", "2"])
    for expected in [201, 201, 429] {
      #expect(try proxied.request("POST", "/files/", Self.forged, body: []).status == expected)
    }
    let other = try RawConnection(port: proxied.place.port, from: 3)
    #expect(try other.request("POST", "/files/", Self.forged, body: []).status == 201)
  }

  @Test(
    "a draft-8 creation gets one final response, 104 ahead of it only where the proxy knows it, and the connection goes on",
    arguments: ProxyProgram.allCases)
  func interim(program: ProxyProgram) throws {
    let knows104 = program != .nginx
    let proxied = try ProxiedGateway(
      program, ProxiedGateway.trusting + (knows104 ? ["--interim-proxies", "127.0.0.1"] : []))
    guard try proxied.request("OPTIONS", "/files/").headers["upload-limit"] != nil else {
      try skip("waits: the server does not speak draft-ietf-httpbis-resumable-upload yet")
    }
    let connection = try proxied.connect()
    for _ in 0..<2 {
      try connection.send(
        RawConnection.head(
          "POST", "/files/", ["Upload-Draft-Interop-Version": "8", "Upload-Complete": "?1"], length: 6)
          + "abc")
      usleep(100_000)
      try connection.send("def")
      var statuses: [Int] = []
      repeat { statuses.append(try connection.answer().status) } while statuses.last.map { $0 < 200 } == true
      #expect(statuses.last.map { (200...201).contains($0) } == true, "\(statuses)")
      #expect(
        statuses.dropLast().allSatisfy { $0 == 104 } && statuses.contains(104) == knows104, "\(statuses)")
      #expect(try connection.request("GET", "/readyz").status == 200)
    }
  }

  @Test("the line for a unix socket leads to one", arguments: ProxyProgram.allCases)
  func unixSocket(program: ProxyProgram) throws {
    _ = try program.installed()
    let socket = NSTemporaryDirectory() + "sheaf-\(UUID().uuidString.prefix(8)).sock"
    let relay = ChildProcess()
    relay.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    relay.arguments = [try Script.path("unix_server.py"), socket]
    try relay.run()
    defer {
      kill(relay.processIdentifier, SIGKILL)
      relay.waitUntilExit()
      try? FileManager.default.removeItem(atPath: socket)
    }
    let proxied = try ProxiedGateway(program, socket: socket)
    #expect(try proxied.request("GET", "/readyz").text == "from the socket\n")
  }
}
