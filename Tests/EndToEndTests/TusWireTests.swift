import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// tus 1.0.0 as bytes on a socket, against the built server.
@Suite struct TusWireTests {
  private static let tus: KeyValuePairs = ["Tus-Resumable": "1.0.0"]

  private static func patchHeaders(_ offset: Int) -> KeyValuePairs<String, String> {
    [
      "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream",
      "Upload-Offset": String(offset),
    ]
  }

  private func running(_ arguments: [String] = []) throws -> GatewayProcess {
    let server = try GatewayProcess(arguments: arguments)
    try server.start()
    return server
  }

  private func create(_ server: GatewayProcess, length: Int, _ metadata: String = "filename YS5iaW4=") throws
    -> String
  {
    let answer = try server.request(
      "POST", "/files/",
      ["Tus-Resumable": "1.0.0", "Upload-Length": String(length), "Upload-Metadata": metadata], body: [])
    try #require(answer.status == 201, "\(answer)")
    let location = try #require(answer.headers["location"])
    return try #require(URL(string: location)).path
  }

  @Test("T-1 T-7 T-11 T-16 a file sent in two chunks is acknowledged byte by byte and can be read back")
  func wholeUpload() throws {
    let server = try running()
    let bytes = Array("hello, resumable world".utf8)
    let path = try create(server, length: bytes.count)
    let connection = try server.connect()
    let first = try connection.request("PATCH", path, Self.patchHeaders(0), body: Array(bytes[..<7]))
    #expect(first.status == 204)
    #expect(first.headers["upload-offset"] == "7")
    let head = try connection.request("HEAD", path, Self.tus)
    #expect(head.headers["upload-offset"] == "7")
    #expect(head.headers["upload-length"] == String(bytes.count))
    #expect(head.headers["cache-control"] == "no-store")
    #expect(head.headers["upload-metadata"] == "filename YS5iaW4=")
    let second = try connection.request("PATCH", path, Self.patchHeaders(7), body: Array(bytes[7...]))
    #expect(second.headers["upload-offset"] == String(bytes.count))
    #expect(try connection.request("GET", path).body == bytes)
  }

  @Test("T-3 every answer under /files carries Tus-Resumable, errors too")
  func versionEverywhere() throws {
    let server = try running()
    let missing = "/files/01890a5d-nope"
    for (method, path) in [
      ("OPTIONS", "/files/"), ("POST", "/files/"), ("PATCH", missing), ("HEAD", missing), ("DELETE", missing),
      ("PUT", "/files/"),
    ] {
      let answer = try server.request(method, path, Self.tus, body: [])
      #expect(answer.headers["tus-resumable"] == "1.0.0", "\(method) \(path): \(answer.status)")
      #expect(answer.headers["x-request-id"] != nil)
    }
  }

  @Test("T-5 T-14 T-15 T-23 T-40 T-50 T-60 OPTIONS names version, extensions and algorithms")
  func discovery() throws {
    let server = try running()
    let answer = try server.request("OPTIONS", "/files/")
    #expect(answer.status == 204)
    #expect(answer.headers["tus-version"] == "1.0.0")
    let extensions = Set((answer.headers["tus-extension"] ?? "").split(separator: ",").map(String.init))
    #expect(
      extensions == [
        "creation", "creation-with-upload", "creation-defer-length", "expiration", "checksum",
        "checksum-trailer",
        "termination", "concatenation", "concatenation-unfinished",
      ])
    let algorithms = Set(
      (answer.headers["tus-checksum-algorithm"] ?? "").split(separator: ",").map(String.init))
    #expect(algorithms == ["sha1", "sha256", "sha512", "md5", "crc32"])
  }

  @Test("T-6 a POST that says it is a PATCH is one")
  func methodOverride() throws {
    let server = try running()
    let path = try create(server, length: 3)
    let answer = try server.request(
      "POST", path,
      [
        "Tus-Resumable": "1.0.0", "X-HTTP-Method-Override": "PATCH",
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": "0",
      ], body: [1, 2, 3])
    #expect(answer.status == 204)
    #expect(answer.headers["upload-offset"] == "3")
  }

  @Test("T-8 HEAD has no body and no framing of one, and the connection stays in step")
  func headFraming() throws {
    let server = try running()
    let path = try create(server, length: 3)
    let connection = try server.connect()
    for _ in 0..<3 {
      let head = try connection.request("HEAD", path, Self.tus)
      #expect((200..<300).contains(head.status))
      #expect(head.headers["transfer-encoding"] == nil)
      #expect(head.headers["upload-offset"] == "0")
    }
    let missing = try connection.request("HEAD", "/files/00000000000000000000000000", Self.tus)
    #expect(missing.status == 404)
    #expect(missing.headers["upload-offset"] == nil)
    #expect(missing.headers["upload-error"] == "not-found")
    #expect(try connection.request("HEAD", path, Self.tus).headers["upload-offset"] == "0")
  }

  @Test("T-10 T-3 a wrong offset is a problem document that names both offsets")
  func wrongOffset() throws {
    let server = try running()
    let path = try create(server, length: 30)
    let answer = try server.request("PATCH", path, Self.patchHeaders(5), body: [1])
    #expect(answer.status == 409)
    #expect(answer.headers["upload-offset"] == "0")
    #expect(answer.headers["content-type"] == "application/problem+json")
    let problem = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    #expect(problem["code"] as? String == "offset-mismatch")
    #expect(problem["expected-offset"] as? Int == 0)
    #expect(problem["provided-offset"] as? Int == 5)
  }

  @Test("T-13 a connection that breaks in the middle of a body keeps what arrived", arguments: [true, false])
  func brokenBody(isClosed: Bool) throws {
    let server = try running(["--small-upload-bytes", "0"])
    let path = try create(server, length: 1000)
    var connection: RawConnection? = try server.connect()
    try connection?.send(RawConnection.head("PATCH", path, Self.patchHeaders(0), length: 1000))
    try connection?.send([UInt8](repeating: 7, count: 600))
    try eventually("600 bytes stored") { try server.json("GET", path).object["offset"] as? Int == 600 }
    if isClosed { connection = nil } else { connection?.shutdownSending() }
    #expect(try server.request("HEAD", path, Self.tus).headers["upload-offset"] == "600")
    let rest = try server.request(
      "PATCH", path, Self.patchHeaders(600), body: [UInt8](repeating: 7, count: 400))
    #expect(rest.headers["upload-offset"] == "1000")
  }

  @Test("a newer HEAD takes over from a stalled PATCH, with the true offset")
  func takeover() throws {
    let server = try running(["--small-upload-bytes", "0"])
    for _ in 0..<5 {
      let path = try create(server, length: 1000)
      let holder = try server.connect()
      try holder.send(RawConnection.head("PATCH", path, Self.patchHeaders(0), length: 1000))
      try holder.send([UInt8](repeating: 7, count: 300))
      try eventually("300 bytes stored") { try server.json("GET", path).object["offset"] as? Int == 300 }
      let newcomer = try server.connect()
      let answer = try newcomer.request("HEAD", path, Self.tus)
      #expect(answer.headers["upload-offset"] == "300")
      #expect(try holder.answer().status == 409)
      #expect(try holder.isClosedByServer())
    }
  }

  @Test("T-62 DELETE ends a running PATCH, and the late bytes change nothing")
  func deleteWhileSending() throws {
    let server = try running(["--small-upload-bytes", "0"])
    let path = try create(server, length: 1000)
    let holder = try server.connect()
    try holder.send(RawConnection.head("PATCH", path, Self.patchHeaders(0), length: 1000))
    try holder.send([UInt8](repeating: 7, count: 300))
    try eventually("300 bytes stored") { try server.json("GET", path).object["offset"] as? Int == 300 }
    #expect(try server.request("DELETE", path, Self.tus).status == 204)
    #expect(try server.request("HEAD", path, Self.tus).status == 410)
    // Whether the late bytes still get into the socket does not matter; that they revive nothing does.
    try? holder.send([UInt8](repeating: 7, count: 700))
    #expect(try server.request("HEAD", path, Self.tus).status == 410)
  }

  @Test(
    "T-24 Expect: 100-continue is answered after the head was judged: 100 for a good one, the error at once for a bad one"
  )
  func expectContinue() throws {
    let server = try running()
    let path = try create(server, length: 3)
    let good = try server.connect()
    try good.send(
      "PATCH \(path) HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    )
    #expect(try good.answer().status == 100)
    try good.send([1, 2, 3])
    #expect(try good.answer().status == 204)
    let bad = try server.connect()
    try bad.send(
      "PATCH \(path) HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 77\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    )
    let answer = try bad.answer()
    #expect(answer.status == 409)
    #expect(answer.headers["connection"] == "close")
  }

  @Test(
    "T-17 a body larger than the rest is refused without being read, and the client gets to see the answer")
  func tooLarge() throws {
    let server = try running()
    let path = try create(server, length: 10)
    let connection = try server.connect()
    try connection.send(RawConnection.head("PATCH", path, Self.patchHeaders(0), length: 3_000_000))
    try? connection.send([UInt8](repeating: 1, count: 3_000_000))
    #expect(try connection.answer().status == 413)
    #expect(try server.request("HEAD", path, Self.tus).headers["upload-offset"] == "0")
  }

  @Test("B-14 a chunked body that overflows the declared length is refused and never completes the upload")
  func chunkedOverflow() throws {
    let server = try running(["--small-upload-bytes", "0"])
    let path = try create(server, length: 10)
    let connection = try server.connect()
    try connection.send(
      "PATCH \(path) HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    try connection.send("a\r\n0123456789\r\n")
    try eventually("10 bytes stored") { try server.json("GET", path).object["offset"] as? Int == 10 }
    try connection.send("1\r\nX\r\n0\r\n\r\n")
    #expect(try connection.answer().status == 413)
    let head = try server.request("HEAD", path, Self.tus)
    #expect(head.headers["upload-offset"] == "0")
    #expect(head.headers["upload-state"] != "verified")
  }

  @Test("B-26 Content-Length together with Transfer-Encoding is refused and the connection closed")
  func smuggling() throws {
    let server = try running()
    let path = try create(server, length: 10)
    let connection = try server.connect()
    try connection.send(
      "PATCH \(path) HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    #expect(try connection.answer().status == 400)
    #expect(try connection.isClosedByServer())
    #expect(try server.request("HEAD", path, Self.tus).headers["upload-offset"] == "0")
  }

  @Test("a client that ends its sending side after a whole request still gets the answer")
  func halfClose() throws {
    let server = try running()
    let path = try create(server, length: 3)
    let connection = try server.connect()
    try connection.send(RawConnection.head("PATCH", path, Self.patchHeaders(0), length: 3) + "abc")
    connection.shutdownSending()
    let answer = try connection.answer()
    #expect(answer.status == 204)
    #expect(answer.headers["upload-offset"] == "3")
    #expect(try connection.isClosedByServer())
  }

  @Test("requests one after the other on one connection, uploads and API mixed, are answered in order")
  func pipelining() throws {
    let server = try running()
    let path = try create(server, length: 6)
    let connection = try server.connect()
    try connection.send(
      RawConnection.head("GET", "/healthz", [:], length: nil)
        + RawConnection.head("PATCH", path, Self.patchHeaders(0), length: 3) + "abc"
        + RawConnection.head("GET", "/healthz", [:], length: nil)
        + RawConnection.head("PATCH", path, Self.patchHeaders(3), length: 3) + "def")
    let answers = try (0..<4).map { _ in try connection.answer() }
    #expect(answers.map(\.status) == [200, 204, 200, 204])
    #expect(answers[3].headers["upload-offset"] == "6")
  }

  @Test(
    "B-28 Location is a path, the public URL when configured, or what a trusted proxy says: never the client's Host"
  )
  func location() throws {
    let server = try running()
    let headers: KeyValuePairs = ["Tus-Resumable": "1.0.0", "Upload-Length": "3"]
    let direct = try server.request("POST", "/files/", headers, body: [])
    #expect(direct.headers["location"]?.hasPrefix("/files/") == true)
    let proxied = try server.request(
      "POST", "/files/",
      [
        "Tus-Resumable": "1.0.0", "Upload-Length": "3", "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
      ],
      body: [])
    #expect(proxied.headers["location"]?.hasPrefix("/files/") == true)
    let named = try running(["--public-url", "https://files.example"])
    #expect(
      try named.request("POST", "/files", headers, body: []).headers["location"]?.hasPrefix(
        "https://files.example/files/") == true)
    let trusted = try running(["--trusted-proxies", "127.0.0.0/8"])
    let forwarded = try trusted.request(
      "POST", "/files/",
      [
        "Tus-Resumable": "1.0.0", "Upload-Length": "3", "X-Forwarded-Host": "good.example",
        "X-Forwarded-Proto": "https",
      ],
      body: [])
    #expect(forwarded.headers["location"]?.hasPrefix("https://good.example/files/") == true)
  }

  @Test("a page of another site cannot change anything through a visitor's browser")
  func crossSite() throws {
    let server = try running()
    let upload = try server.request(
      "POST", "/files/", ["Tus-Resumable": "1.0.0", "Upload-Length": "3", "Origin": "https://evil.example"],
      body: [])
    #expect(upload.status == 403)
    let push = try server.request(
      "POST", "/api/v1/pushes", ["Content-Type": "text/plain", "Origin": "https://evil.example"],
      body: Array(#"{"repo":"r","message":"m"}"#.utf8))
    #expect(push.status == 403)
    #expect(try server.json("GET", "/api/v1/repos").object["items"] as? [String] == [])
  }

  @Test(
    "B-20 an id that is none is not found, whatever it tries",
    arguments: [
      "..%2f..%2fetc%2fpasswd", "%2e%2e", "..", "%00", "a%5cb", String(repeating: "a", count: 3000),
      "00000000000000000000000000.info",
    ])
  func hostileIDs(id: String) throws {
    let server = try running()
    for method in ["HEAD", "PATCH", "DELETE", "GET"] {
      let answer = try server.request(
        method, "/files/\(id)", Self.patchHeaders(0), body: method == "PATCH" ? [1] : nil)
      #expect((400..<500).contains(answer.status), "\(method): \(answer.status)")
    }
  }
}

/// Asks until it is so, at most a minute.
func eventually(_ what: String, _ condition: () throws -> Bool) throws {
  for _ in 0..<6_000 {
    if try condition() { return }
    usleep(10_000)
  }
  Issue.record("not within a minute: \(what)")
}
