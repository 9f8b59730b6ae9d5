import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// Uploads through nginx, HAProxy and Caddy, each with its configuration in docs/operations.
@Suite struct ProxyTests {
  @Test(
    "the first byte reaches the server before the last is sent, a client's abort too, and the upload is resumed",
    arguments: ProxyProgram.allCases)
  func streaming(program: ProxyProgram) throws {
    let proxied = try ProxiedGateway(program)
    let bytes = [UInt8](repeating: 7, count: 300_000)
    let path = try proxied.upload(length: bytes.count)
    var connection: RawConnection? = try proxied.connect()
    try connection?.send(RawConnection.head("PATCH", path, TusRequests.patch(0), length: bytes.count))
    for sent in [1, 100, 100_000] {
      let before = try #require(try proxied.stored(path))
      try connection?.send(Array(bytes[before..<sent]))
      try eventually("\(sent) bytes stored") { try proxied.stored(path) == sent }
    }
    #expect(try proxied.sendingClients() == ["127.0.0.2"])
    connection = nil
    try eventually("the upload is free") { try proxied.sendingClients().isEmpty }
    let head = try proxied.request("HEAD", path, TusRequests.version)
    #expect(head.headers["upload-offset"] == "100000")
    let rest = try proxied.request("PATCH", path, TusRequests.patch(100_000), body: Array(bytes[100_000...]))
    #expect(rest.status == 204)
    #expect(try proxied.digest(path) == SHA256Stream.digest(of: bytes).hex)
  }

  @Test("a request of 64 MiB is no larger than a proxy lets pass", arguments: ProxyProgram.allCases)
  func largeBody(program: ProxyProgram) throws {
    let proxied = try ProxiedGateway(program)
    var random = SeededRandom(seed: 3)
    let bytes = Array(repeatElement(random.bytes(1 << 20), count: 64).joined())
    let path = try proxied.upload(length: bytes.count)
    let answer = try proxied.request("PATCH", path, TusRequests.patch(0), body: bytes)
    #expect(answer.status == 204 && answer.headers["upload-offset"] == String(bytes.count))
    #expect(try proxied.digest(path) == SHA256Stream.digest(of: bytes).hex)
  }

  @Test(
    "a long PATCH that comes little by little goes on to its end, stored as it comes, with a length or in chunks",
    arguments: ProxyProgram.allCases, [false, true])
  func longPatch(program: ProxyProgram, isChunked: Bool) throws {
    let proxied = try ProxiedGateway(program)
    let piece = [UInt8](repeating: 7, count: 50_000)
    let path = try proxied.upload(length: piece.count * 12)
    let connection = try proxied.connect()
    let head = RawConnection.head(
      "PATCH", path, TusRequests.patch(0), length: isChunked ? nil : piece.count * 12)
    try connection.send(isChunked ? head.dropLast() + "Transfer-Encoding: chunked\r\n\r\n" : head)
    for count in 1...12 {
      if isChunked { try connection.send(String(piece.count, radix: 16) + "\r\n") }
      try connection.send(piece)
      if isChunked { try connection.send("\r\n") }
      if count < 12 {
        try eventually("\(count) pieces stored") { try proxied.stored(path) == piece.count * count }
        usleep(150_000)
      }
    }
    if isChunked { try connection.send("0\r\n\r\n") }
    let answer = try connection.answer()
    #expect(answer.status == 204 && answer.headers["upload-offset"] == String(piece.count * 12))
  }

  @Test(
    "a refusal that comes while the body is being sent is what the client gets",
    arguments: ProxyProgram.allCases)
  func earlyRefusal(program: ProxyProgram) throws {
    let proxied = try ProxiedGateway(program)
    let path = try proxied.upload(length: 10_000_000)
    let connection = try proxied.connect()
    try connection.send(RawConnection.head("PATCH", path, TusRequests.patch(5), length: 9_999_995))
    try? connection.send([UInt8](repeating: 1, count: 9_999_995))
    let answer = try connection.answer()
    #expect(answer.status == 409 && answer.code == "offset-mismatch")
  }

  @Test("HEAD, OPTIONS and DELETE come through whole, on one connection", arguments: ProxyProgram.allCases)
  func methods(program: ProxyProgram) throws {
    let proxied = try ProxiedGateway(program)
    let path = try proxied.upload(length: 3)
    let connection = try proxied.connect()
    let options = try connection.request("OPTIONS", "/files/")
    #expect(options.status == 204 && options.headers["tus-version"] == "1.0.0")
    for _ in 0..<2 {
      let head = try connection.request("HEAD", path, TusRequests.version)
      #expect((200...204).contains(head.status))
      #expect(head.headers["upload-offset"] == "0" && head.headers["upload-length"] == "3")
    }
    // nginx ends a connection whose body it has not read to the end when the answer comes.
    let patch = try proxied.request("PATCH", path, TusRequests.patch(1), body: [1])
    #expect(patch.status == 409 && patch.code == "offset-mismatch")
    #expect(try connection.request("DELETE", path, TusRequests.version).status == 204)
    let gone = try connection.request("HEAD", path, TusRequests.version)
    #expect(gone.status == 410 && gone.headers["upload-error"] != nil)
  }

  @Test("Expect: 100-continue is answered before the body is sent", arguments: ProxyProgram.allCases)
  func expectContinue(program: ProxyProgram) throws {
    let proxied = try ProxiedGateway(program)
    let path = try proxied.upload(length: 3)
    let connection = try proxied.connect()
    let head = RawConnection.head("PATCH", path, TusRequests.patch(0), length: 3)
    try connection.send(head.dropLast() + "Expect: 100-continue\r\n\r\n")
    #expect(try connection.answer().status == 100)
    try connection.send("abc")
    // Caddy sends a 100 of its own beside the one of the server.
    var last = try connection.answer().status
    while last == 100 { last = try connection.answer().status }
    #expect(last == 204)
  }

  @Test("HTTP/2 over TLS: created, sent and read through the proxy", arguments: ProxyProgram.allCases)
  func http2(program: ProxyProgram) throws {
    let proxied = try ProxiedGateway(program)
    let origin = "https://localhost:\(proxied.place.securePort)"
    let version = ["-H", "Tus-Resumable: 1.0.0"]
    var random = SeededRandom(seed: 4)
    let bytes = random.bytes(3_000_000)
    let file = proxied.place.folder + "/content"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    let created = try proxied.curl(
      version + ["-X", "POST", "-H", "Upload-Length: \(bytes.count)", "-D", "-", "\(origin)/files/"])
    #expect(created.output.hasPrefix("HTTP/2 201"))
    let location = try #require(created.output.firstMatch(of: /location: (\S+)/)).output.1
    try #require(location.hasPrefix("\(origin)/files/"), "\(location)")
    let sent = try proxied.curl(
      version + [
        "-X", "PATCH", "-H", "Content-Type: application/offset+octet-stream", "-H", "Upload-Offset: 0",
        "--data-binary", "@\(file)", "-D", "-", String(location),
      ])
    #expect(sent.output.hasPrefix("HTTP/2 204") && sent.output.contains("upload-offset: \(bytes.count)"))
    let path = String(location.dropFirst(origin.count))
    #expect(try proxied.digest(path) == SHA256Stream.digest(of: bytes).hex)
  }

  @Test(
    "a gateway that is gone is a 5xx of the proxy, and used again when it is back",
    arguments: ProxyProgram.allCases)
  func restart(program: ProxyProgram) throws {
    let proxied = try ProxiedGateway(program)
    proxied.gateway.crash()
    #expect((500..<600).contains(try proxied.request("GET", "/readyz").status))
    try proxied.gateway.start()
    try eventually("ready again") { try proxied.request("GET", "/readyz").status == 200 }
  }
}
