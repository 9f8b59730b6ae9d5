import Foundation
import TestSupport
import Testing

/// Concatenation and checksum trailers of tus, as bytes on a socket against the built server.
@Suite struct ConcatenationWireTests {
  private static let tus: WireFields = [("Tus-Resumable", "1.0.0")]
  private static let content: WireFields = tus + [("Content-Type", "application/offset+octet-stream")]

  private func part(_ server: GatewayProcess, _ length: Int, _ bytes: [UInt8] = []) throws -> String {
    let answer = try server.exchange(
      "POST", "/files/", Self.content + [("Upload-Length", String(length)), ("Upload-Concat", "partial")],
      body: bytes)
    try #require(answer.status == 201, "\(answer.final.text)")
    return try #require(answer.path)
  }

  private func final(_ server: GatewayProcess, _ parts: [String], _ more: WireFields = []) throws
    -> WireAnswer
  {
    try server.exchange(
      "POST", "/files/", Self.tus + [("Upload-Concat", "final;" + parts.joined(separator: " "))] + more,
      body: [])
  }

  /// HEAD until the final upload is assembled.
  private func assembled(_ server: GatewayProcess, _ path: String) throws -> WireAnswer {
    var head = try server.exchange("HEAD", path, Self.tus)
    try eventually("\(path) assembled") {
      head = try server.exchange("HEAD", path, Self.tus)
      return head.headers["upload-offset"] != nil
    }
    return head
  }

  @Test("T-70 T-71 T-73 T-74 a final has its parts in their order, a part as often as it is listed")
  func order() throws {
    let server = try GatewayProcess.running()
    let large = IETFWire.bytes(300_000)
    let a = try part(server, 5, Array("first".utf8))
    let b = try part(server, large.count, large)
    let partHead = try server.exchange("HEAD", a, Self.tus)
    #expect(partHead.headers["upload-concat"] == "partial")
    #expect(partHead.headers["upload-offset"] == "5")
    let created = try final(server, [b, a, b], [("Upload-Metadata", "filename d2hvbGU=")])
    #expect(created.status == 201, "\(created.final.text)")
    let path = try #require(created.path)
    let head = try assembled(server, path)
    #expect(head.headers["upload-concat"] == "final;\(b) \(a) \(b)")
    #expect(head.headers["upload-offset"] == "600005")
    #expect(head.headers["upload-length"] == "600005")
    #expect(head.headers["upload-metadata"] == "filename d2hvbGU=")
    try server.untilVerified(path)
    #expect(try server.request("GET", path).body == large + Array("first".utf8) + large)
  }

  @Test("T-75 a part becomes no file, also when nobody ever concatenates it")
  func parts() throws {
    let server = try GatewayProcess.running()
    _ = try part(server, 3, [1, 2, 3])
    let path = try #require(try final(server, [try part(server, 2, [1, 2])]).path)
    try server.untilVerified(path)
    try eventually("a bundle in inbox") {
      try !((server.json("GET", "/api/v1/repos/inbox/bundles").object["items"] as? [Any]) ?? []).isEmpty
    }
    let bundles = try server.json("GET", "/api/v1/repos/inbox/bundles").object["items"] as? [Any]
    #expect(bundles?.count == 1)
  }

  @Test("T-76 a final may come before its parts are whole: it has no offset until they are")
  func unfinished() throws {
    let server = try GatewayProcess.running()
    let options = try server.request("OPTIONS", "/files/")
    #expect(options.headers["tus-extension"]?.contains("concatenation-unfinished") == true)
    let a = try part(server, 4)
    let b = try part(server, 2, [5, 6])
    let path = try #require(try final(server, [a, b]).path)
    let early = try server.exchange("HEAD", path, Self.tus)
    #expect((200..<300).contains(early.status))
    #expect(early.headers["upload-offset"] == nil)
    #expect(early.headers["upload-concat"] == "final;\(a) \(b)")
    let append = try server.exchange("PATCH", a, Self.content + [("Upload-Offset", "0")], body: [1, 2, 3, 4])
    #expect(append.status == 204)
    #expect(try assembled(server, path).headers["upload-offset"] == "6")
    try server.untilVerified(path)
    #expect(try server.request("GET", path).body == [1, 2, 3, 4, 5, 6])
  }

  @Test("T-72 T-73 a final takes no length, no content and no PATCH")
  func immutable() throws {
    let server = try GatewayProcess.running()
    let a = try part(server, 2, [1, 2])
    #expect(try final(server, [a], [("Upload-Length", "2")]).status == 400)
    let withContent = try server.exchange(
      "POST", "/files/", Self.content + [("Upload-Concat", "final;\(a)")], body: [9])
    #expect(withContent.status == 403)
    let path = try #require(try final(server, [a]).path)
    let append = try server.exchange("PATCH", path, Self.content + [("Upload-Offset", "2")], body: [3])
    #expect(append.status == 403)
    #expect(append.final.code == "final-immutable")
  }

  @Test("T-77 B-24 only parts of this server can be concatenated: nothing foreign, final, plain or made up")
  func foreignParts() throws {
    let server = try GatewayProcess.running()
    let a = try part(server, 2, [1, 2])
    let whole = try #require(
      try server.exchange("POST", "/files/", Self.content + [("Upload-Length", "1")], body: [1]).path)
    let made = try #require(try final(server, [a]).path)
    let id = try #require(a.split(separator: "/").last)
    let bad = [
      whole, made, "https://other.example\(a)", "//other.example\(a)", "/files/00000000000000000000000000",
      "/files/../files/\(id)", "/files/%2e%2e/\(id)", "/files\\\(id)", "/other/\(id)",
      "http://localhost@other.example\(a)",
    ]
    for url in bad {
      let answer = try final(server, [a, url])
      #expect([400, 403, 404].contains(answer.status), "\(url): \(answer.status)")
    }
    #expect(try final(server, []).status == 400)
    let absolute = try final(server, ["http://localhost\(a)"])
    #expect(absolute.status == 201)
  }

  @Test("T-78 parts that come to more than the limit are refused")
  func limit() throws {
    let server = try GatewayProcess.running(["--maximum-upload-bytes", "1000"])
    let a = try part(server, 600, IETFWire.bytes(600))
    #expect(try final(server, [a, a]).status == 413)
    #expect(try final(server, [a]).status == 201)
  }

  @Test("T-79 the same final asked for again, one after the other or at once, is the same upload")
  func again() async throws {
    let server = try GatewayProcess.running()
    let parts = [try part(server, 300_000, IETFWire.bytes(300_000)), try part(server, 2, [1, 2])]
    let first = try #require(try final(server, parts).path)
    #expect(try final(server, parts).path == first)
    let others = [parts[1], parts[0]]
    let paths = try await withThrowingTaskGroup(of: String?.self) { group in
      for _ in 0..<4 { group.addTask { try await blocking { try final(server, others).path } } }
      return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
    }
    #expect(paths.count == 1)
    #expect(paths != [first])
  }

  @Test("T-54 a checksum in a trailer: right, wrong, missing although announced, other than the head's")
  func trailer() throws {
    let server = try GatewayProcess.running()
    // Of "hello": sha1, and that of nothing.
    let right = "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00="
    let wrong = "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk="
    let cases: [(head: WireFields, trailer: WireFields, status: Int)] = [
      ([], [("Upload-Checksum", right)], 204), ([], [("Upload-Checksum", wrong)], 460), ([], [], 400),
      ([("Upload-Checksum", right)], [("Upload-Checksum", wrong)], 400),
      ([("Upload-Checksum", right)], [("Upload-Checksum", right)], 204),
    ]
    for (head, trailer, status) in cases {
      let path = try server.upload(length: 5)
      let answer = try server.connect().exchange(
        "PATCH", path, Self.content + [("Upload-Offset", "0"), ("Trailer", "Upload-Checksum")] + head,
        chunks: [Array("hel".utf8), Array("lo".utf8)], trailers: trailer)
      #expect(answer.status == status, "\(head) \(trailer): \(answer.final.text)")
      #expect(try server.offset(of: path) == (status == 204 ? 5 : 0))
    }
  }

  @Test("T-6 an override replaces any real method, and one that is not known is refused")
  func override() throws {
    let server = try GatewayProcess.running()
    let path = try server.upload(length: 3)
    for (real, length) in [("POST", 1), ("PUT", 2), ("GET", 3)] {
      let answer = try server.exchange(
        real, path,
        Self.content + [("X-HTTP-Method-Override", "PATCH"), ("Upload-Offset", String(length - 1))], body: [7]
      )
      #expect(answer.status == 204, "\(real): \(answer.final.text)")
      #expect(answer.headers["upload-offset"] == String(length))
    }
    let bad = try server.exchange("POST", path, Self.tus + [("X-HTTP-Method-Override", "TRACE")], body: [])
    #expect(bad.status == 400)
    let open = try server.upload(length: 3)
    let deleted = try server.exchange(
      "POST", open, Self.tus + [("X-HTTP-Method-Override", "DELETE")], body: [])
    #expect(deleted.status == 204, "\(deleted.final.text)")
    #expect(try server.exchange("HEAD", open, Self.tus).status == 410)
  }
}
