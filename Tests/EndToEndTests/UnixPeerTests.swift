import Foundation
import TestSupport
import Testing

/// What a peer of a unix socket may say of the client it speaks for.
@Suite struct UnixPeerTests {
  private static let forwarded: [KeyValuePairs<String, String>] = [
    ["X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "files.example"],
    ["Forwarded": "for=192.0.2.7;proto=https;host=files.example"],
  ]

  private func create(_ server: GatewayProcess, _ fields: KeyValuePairs<String, String>) throws
    -> RawConnection.Answer
  {
    let all: WireFields = [("Tus-Resumable", "1.0.0"), ("Upload-Length", "100000")]
    return try server.exchange("POST", "/files/", all + fields.map { ($0, $1) }, body: []).final
  }

  /// Whom the server takes the client for that is sending with these fields.
  private func client(_ server: GatewayProcess, _ fields: KeyValuePairs<String, String>) throws -> String? {
    let path = try server.upload(length: 100_000)
    let sending = try server.connect()
    let all: WireFields = TusRequests.patch(0).map { ($0, $1) } + fields.map { ($0, $1) }
    try sending.sendHead("PATCH", path, all, length: 100_000)
    try sending.send("abc")
    var client: String?
    try eventually("\(path) is sending") {
      let uploads = try server.json("GET", "/api/v1/status").object["uploads"] as? [String: Any]
      let active = uploads?["active"] as? [[String: Any]] ?? []
      guard let found = active.first(where: { path == "/files/\($0["id"] ?? "")" }) else { return false }
      client = found["client"] as? String
      return true
    }
    return client
  }

  @Test("B-28 the word unix makes its peers trusted: client, scheme and host are what they say")
  func trusted() throws {
    let place = try SocketPlace()
    let server = try place.running(["--trusted-proxies", "unix"])
    for fields in Self.forwarded {
      let created = try create(server, fields)
      #expect(created.status == 201)
      #expect(created.headers["location"]?.hasPrefix("https://files.example/files/") == true, "\(created)")
      #expect(try client(server, fields) == "192.0.2.7")
    }
  }

  @Test(
    "B-28 without it they are not, whatever addresses are",
    arguments: [[], ["--trusted-proxies", "0.0.0.0/0,::/0"]])
  func untrusted(flags: [String]) throws {
    let place = try SocketPlace()
    let server = try place.running(flags)
    for fields in Self.forwarded {
      let created = try create(server, fields)
      #expect(created.status == 201)
      #expect(created.headers["location"]?.hasPrefix("/files/") == true, "\(created)")
      #expect(try client(server, fields) != "192.0.2.7")
    }
  }

  @Test("limits for each address count the clients behind a trusted unix socket, and nobody behind another")
  func limits() throws {
    let flags = ["--maximum-open-per-address", "2"]
    for (more, expected) in [(["--trusted-proxies", "unix"], [201, 201, 429]), ([], [201, 201, 201])] {
      let place = try SocketPlace()
      let server = try place.running(flags + more)
      for status in expected {
        #expect(try create(server, Self.forwarded[0]).status == status)
      }
      #expect(try create(server, ["X-Forwarded-For": "192.0.2.8"]).status == 201)
    }
  }
}

/// A folder for a server's unix socket; it goes with the value.
final class SocketPlace {
  let folder: String
  var socket: String { "\(folder)/s" }

  init() throws {
    // Short: the path of a socket has at most 107 bytes.
    folder = NSTemporaryDirectory() + "sheaf-u-" + UUID().uuidString.prefix(8)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func running(_ flags: [String] = []) throws -> GatewayProcess {
    try GatewayProcess.running(["--unix-socket", socket] + flags)
  }
}
