import Foundation
import TestSupport
import Testing

/// Digests of content and of whole files (RFC 9530), and one upload in two dialects.
@Suite struct IETFWireDigestTests {
  private static let tus: WireFields = [
    ("Tus-Resumable", "1.0.0"), ("Content-Type", "application/offset+octet-stream"),
  ]
  private let bytes = IETFWire.bytes(3000)
  private var wrong: String { IETFWire.digest([1, 2, 3]) }

  @Test("R-46 a whole file's digest is verified at completion", arguments: ["Repr-Digest", "Upload-Digest"])
  func wholeFile(field: String) throws {
    let server = try GatewayProcess.running()
    for (digest, isRight) in [(IETFWire.digest(bytes), true), (wrong, false)] {
      let created = try server.exchange(
        "POST", "/files/", IETFWire.fields(8, isComplete: false, [(field, digest)]),
        body: Array(bytes[..<1000]))
      #expect(created.status == 201, "\(created.final.text)")
      let path = try #require(created.path)
      let last = try server.exchange(
        "PATCH", path, IETFWire.fields(8, isComplete: true, offset: 1000), body: Array(bytes[1000...]))
      if isRight {
        #expect(last.headers["upload-complete"] == "?1")
        try server.untilVerified(path)
        #expect(try server.request("GET", path).body == bytes)
      } else {
        #expect(last.status == 422)
        #expect(last.final.code == "upload-rejected")
        #expect(try server.upload(at: path)["state"] as? String == "rejected")
      }
    }
  }

  @Test(
    "R-46 a digest learnt late comes as Upload-Digest with the last append, of any dialect",
    arguments: [true, false])
  func late(isTus: Bool) throws {
    let server = try GatewayProcess.running()
    for (digest, isRight) in [(IETFWire.digest(bytes), true), (wrong, false)] {
      let path = try #require(
        try server.exchange("POST", "/files/", Self.tus + [("Upload-Length", "3000")], body: []).path)
      let fields =
        isTus ? Self.tus + [("Upload-Offset", "0")] : IETFWire.fields(8, isComplete: true, offset: 0)
      let answer = try server.exchange("PATCH", path, fields + [("Upload-Digest", digest)], body: bytes)
      #expect((200..<300).contains(answer.status) == isRight, "\(answer.final.text)")
      if !isRight { #expect(answer.final.code == "upload-rejected") }
    }
  }

  @Test("R-47 content with another digest than it states is discarded, and only that content")
  func content() throws {
    let server = try GatewayProcess.running()
    let path = try #require(
      try server.exchange(
        "POST", "/files/", IETFWire.fields(8, isComplete: false), body: Array(bytes[..<1000])
      ).path)
    let rest = Array(bytes[1000...])
    let refused = try server.exchange(
      "PATCH", path, IETFWire.fields(8, isComplete: true, offset: 1000, [("Content-Digest", wrong)]),
      body: rest)
    #expect(refused.status == 400)
    #expect(refused.final.code == "checksum-mismatch")
    #expect(refused.headers["upload-offset"] == "1000")
    #expect(refused.headers["upload-complete"] == "?0")
    let taken = try server.exchange(
      "PATCH", path,
      IETFWire.fields(8, isComplete: true, offset: 1000, [("Content-Digest", IETFWire.digest(rest))]),
      body: rest)
    #expect(taken.headers["upload-complete"] == "?1", "\(taken.final.text)")
    try server.untilVerified(path)
    #expect(try server.request("GET", path).body == bytes)
  }

  @Test("R-47 the digest of content may follow it in a trailer: right, wrong, or missing although announced")
  func trailer() throws {
    let server = try GatewayProcess.running()
    let trailers: [(WireFields, Bool)] = [
      ([("Content-Digest", IETFWire.digest(bytes))], true), ([("Content-Digest", wrong)], false), ([], false),
    ]
    for (trailer, isRight) in trailers {
      let path = try #require(
        try server.exchange("POST", "/files/", IETFWire.fields(8, isComplete: false), body: []).path)
      let answer = try server.connect().exchange(
        "PATCH", path, IETFWire.fields(8, isComplete: true, offset: 0, [("Trailer", "Content-Digest")]),
        chunks: [bytes], trailers: trailer)
      #expect((200..<300).contains(answer.status) == isRight, "\(answer.final.text)")
      #expect(
        try server.exchange("HEAD", path, IETFWire.fields(8)).headers["upload-offset"]
          == (isRight ? "3000" : "0"))
    }
  }

  @Test("R-48 a client that wants the file's digest gets it with the answer that completes")
  func wanted() throws {
    let server = try GatewayProcess.running()
    let answer = try server.exchange(
      "POST", "/files/", IETFWire.fields(8, isComplete: true, [("Want-Repr-Digest", "sha-256=10")]),
      body: bytes)
    #expect(answer.headers["repr-digest"]?.contains(IETFWire.digest(bytes)) == true, "\(answer.headers)")
  }

  @Test("R-49 unknown algorithms are left out, a malformed digest is refused")
  func algorithms() throws {
    let server = try GatewayProcess.running()
    let unknown = try server.exchange(
      "POST", "/files/", IETFWire.fields(8, isComplete: true, [("Content-Digest", "unixsum=:AAAA:")]),
      body: bytes)
    #expect(unknown.headers["upload-complete"] == "?1", "\(unknown.final.text)")
    for bad in ["sha-256=:AAAA:", "sha-256=1", "sha-256=:***:"] {
      let refused = try server.exchange(
        "POST", "/files/", IETFWire.fields(8, isComplete: true, [("Content-Digest", bad)]), body: bytes)
      #expect(refused.status == 400, "\(bad)")
    }
  }

  @Test(
    "R-1 an upload created by tus is finished by the drafts, and the other way round",
    arguments: IETFWire.versions)
  func crossing(version: Int?) throws {
    let server = try GatewayProcess.running()
    let tusPath = try #require(
      try server.exchange(
        "POST", "/files/", Self.tus + [("Upload-Length", "3000")], body: Array(bytes[..<1000])
      ).path)
    #expect(
      try server.exchange("HEAD", tusPath, IETFWire.fields(version)).headers["upload-offset"] == "1000")
    let last = try server.exchange(
      "PATCH", tusPath, IETFWire.fields(version, isComplete: true, offset: 1000), body: Array(bytes[1000...]))
    #expect(IETFWire.isComplete(last.final, version) == true, "\(last.final.text)")

    let path = try #require(
      try server.exchange(
        "POST", "/files/", IETFWire.fields(version, isComplete: false), body: Array(bytes[..<1000])
      ).path)
    let head = try server.exchange("HEAD", path, [("Tus-Resumable", "1.0.0")])
    #expect(head.headers["upload-offset"] == "1000")
    #expect(head.headers["upload-defer-length"] == "1")
    let append = try server.exchange(
      "PATCH", path, Self.tus + [("Upload-Offset", "1000"), ("Upload-Length", "3000")],
      body: Array(bytes[1000...]))
    #expect(append.status == 204, "\(append.final.text)")
    let after = try server.exchange("HEAD", path, IETFWire.fields(version))
    #expect(IETFWire.isComplete(after.final, version) == true)
    for path in [tusPath, path] {
      try server.untilVerified(path)
      #expect(try server.request("GET", path).body == bytes)
    }
  }

  @Test("R-23 GET of an unfinished upload carries what HEAD tells")
  func get() throws {
    let server = try GatewayProcess.running()
    let path = try #require(
      try server.exchange("POST", "/files/", IETFWire.fields(8, isComplete: false), body: [1, 2, 3]).path)
    let answer = try server.exchange("GET", path, IETFWire.fields(8))
    #expect(answer.headers["upload-offset"] == "3")
    #expect(answer.headers["upload-complete"] == "?0")
  }
}
