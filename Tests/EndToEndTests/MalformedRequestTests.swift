import Foundation
import TestSupport
import Testing

/// Bytes that two parsers could understand differently, in front of uploads and of the router alike.
@Suite struct MalformedRequestTests {
  private static let fields: [(String, String)] = [
    ("a folded field", "X-A: b\r\n c\r\n"), ("NUL in a value", "X-A: b\0c\r\n"),
    ("CR in a value", "X-A: b\rc\r\n"), ("a line that ends in LF", "X-A: b\nX-B: c\r\n"),
    ("a control character", "X-A: b\u{1}c\r\n"), ("a space before the colon", "X-A : b\r\n"),
    ("no colon", "X-A\r\n"), ("two lengths", "Content-Length: 3\r\nContent-Length: 4\r\n"),
    ("a list of lengths", "Content-Length: 3, 3\r\n"), ("a signed length", "Content-Length: +3\r\n"),
    ("a negative length", "Content-Length: -3\r\n"),
    ("a length beyond 64 bits", "Content-Length: 99999999999999999999999\r\n"),
    ("a length and chunks", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
    ("chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
    ("chunks that are not the last coding", "Transfer-Encoding: chunked, gzip\r\n"),
  ]

  @Test(
    "a head that is not strictly HTTP/1.1 gets 400, the connection ends, and nothing behind it is a request",
    arguments: ["/files/", "/healthz"])
  func heads(target: String) throws {
    let server = try GatewayProcess.running()
    for (what, field) in Self.fields {
      let connection = try server.connect()
      try connection.send(
        "POST \(target) HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\n\(field)\r\n"
          + "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let answer = try connection.answer()
      #expect(answer.status == 400, "\(what)")
      #expect(answer.code == "bad-request", "\(what)")
      #expect(try connection.isClosedByServer(), "\(what)")
    }
    #expect(try server.request("GET", "/healthz").status == 200)
  }

  @Test("lines that end in LF alone, and a NUL in the target, are no request", arguments: [0, 1])
  func requestLine(kind: Int) throws {
    let server = try GatewayProcess.running()
    let connection = try server.connect()
    try connection.send(
      kind == 0
        ? "GET /healthz HTTP/1.1\nHost: localhost\n\n" : "GET /\0healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(try connection.answer().status == 400)
    #expect(try connection.isClosedByServer())
  }

  @Test("a length and chunks in one request change nothing, whichever comes first", arguments: [true, false])
  func smuggling(isLengthFirst: Bool) throws {
    let server = try GatewayProcess.running()
    let path = try server.upload(length: 10)
    let framing = ["Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"]
    let connection = try server.connect()
    try connection.send(
      "PATCH \(path) HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
        + (isLengthFirst ? framing : framing.reversed()).joined() + "\r\n3\r\nabc\r\n0\r\n\r\n")
    #expect(try connection.answer().status == 400)
    #expect(try connection.isClosedByServer())
    #expect(try server.offset(of: path) == 0)
  }

  @Test("more content than the upload's length never completes it, in one piece or byte by byte")
  func overflow() throws {
    let server = try GatewayProcess.running()
    for pieces in [["b\r\n0123456789X\r\n"], (0..<11).map { _ in "1\r\nX\r\n" }] {
      let path = try server.upload(length: 10)
      let connection = try server.connect()
      try connection.send(
        "PATCH \(path) HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
      )
      for piece in pieces { try connection.send(piece) }
      try? connection.send("0\r\n\r\n")
      #expect(try connection.answer().status == 413)
      #expect(try server.offset(of: path) == 0)
      #expect(try server.json("GET", path).object["state"] as? String != "verified")
    }
  }
}
