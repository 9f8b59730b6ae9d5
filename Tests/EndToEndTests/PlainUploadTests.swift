import Foundation
import TestSupport
import Testing

/// Uploads by clients that know of no protocol, as bytes on a socket against the built server.
@Suite struct PlainUploadTests {
  private let bytes = IETFWire.bytes(200_000)

  @Test("a PUT to a name, and a POST to the collection, are whole files", arguments: [0, 100, 200_000])
  func whole(count: Int) throws {
    let server = try GatewayProcess.running()
    let content = Array(bytes[..<count])
    for (method, target) in [
      ("PUT", "/files/a%20file%20%C3%BC.bin"), ("PUT", "/files/"), ("POST", "/files/"),
    ] {
      for isChunked in [false, true] {
        let connection = try server.connect()
        let fields: WireFields = [("Content-Type", "application/octet-stream")]
        let answer =
          isChunked
          ? try connection.exchange(method, target, fields, chunks: content.isEmpty ? [] : [content])
          : try connection.exchange(method, target, fields, body: content)
        #expect(answer.status == 201, "\(method) \(target): \(answer.final.text)")
        #expect(answer.interim.isEmpty)
        let path = try #require(answer.path)
        try server.untilVerified(path)
        #expect(try server.request("GET", path).body == content)
        if target.contains("%20") {
          #expect(try server.upload(at: path)["path"] as? String == "a file ü.bin")
        }
      }
    }
  }

  /// Several at once, so that the digests are late.
  @Test("whoever reads a file right after its last byte was acknowledged gets the file")
  func atOnce() async throws {
    let server = try GatewayProcess.running()
    let content = IETFWire.bytes(24 << 20)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<6 {
        group.addTask {
          try await blocking {
            let answer = try server.exchange("PUT", "/files/", [], body: content)
            return try server.request("GET", try #require(answer.path)).body == content
          }
        }
      }
      for try await isWhole in group { #expect(isWhole) }
    }
  }

  @Test("a PUT with Content-Range at the upload's URL goes on where it stopped")
  func range() throws {
    let server = try GatewayProcess.running(["--small-upload-bytes", "0"])
    let created = try server.exchange(
      "POST", "/files/", [("Tus-Resumable", "1.0.0"), ("Upload-Length", "200000")], body: [])
    let path = try #require(created.path)
    for (first, last) in [(0, 49_999), (50_000, 199_999)] {
      let answer = try server.exchange(
        "PUT", path, [("Content-Range", "bytes \(first)-\(last)/200000")], body: Array(bytes[first...last]))
      #expect((200..<300).contains(answer.status), "\(answer.final.text)")
      #expect(answer.headers["upload-offset"] == String(last + 1))
    }
    try server.untilVerified(path)
    #expect(try server.request("GET", path).body == bytes)
  }

  @Test("a PUT without a range is the whole file, and never takes the place of what is there")
  func wholeFile() throws {
    let server = try GatewayProcess.running()
    let path = try server.upload(length: 3)
    let answer = try server.exchange("PUT", path, [], body: [1, 2, 3])
    #expect(answer.status == 201)
    #expect(answer.headers["upload-complete"] == "?1")
    #expect([400, 409].contains(try server.exchange("PUT", path, [], body: [4, 5, 6]).status))
    try server.untilVerified(path)
    #expect(try server.request("GET", path).body == [1, 2, 3])
  }

  @Test("a range that is malformed, elsewhere, or not as long as its content changes nothing")
  func badRanges() throws {
    let server = try GatewayProcess.running()
    let path = try server.upload(length: 10)
    for range in [
      "bytes 0-1/11", "bytes 5-6/10", "bytes 0-2/10", "bytes 1-0/10", "bytes 0-1", "lines 0-1/10",
      "bytes 0-10/10",
    ] {
      let answer = try server.exchange("PUT", path, [("Content-Range", range)], body: [1, 2])
      #expect([400, 409].contains(answer.status), "\(range): \(answer.status)")
    }
    #expect(try server.exchange("PUT", path, [], body: [1, 2]).status == 400)
    #expect(
      try server.exchange("POST", "/files/", [("Content-Range", "bytes 0-1/10")], body: [1, 2]).status == 400)
    #expect(try server.offset(of: path) == 0)
  }

  @Test("a plain upload that breaks off is no file")
  func broken() throws {
    let server = try GatewayProcess.running()
    do {
      let connection = try server.connect()
      try connection.sendHead("PUT", "/files/x.bin", [], length: bytes.count)
      try connection.send(Array(bytes[..<1000]))
    }
    do {
      let connection = try server.connect()
      try connection.sendHead("PUT", "/files/y.bin", [("Transfer-Encoding", "chunked")], length: nil)
      try connection.send("3\r\nabc\r\n")
    }
    #expect(try server.exchange("PUT", "/files/z.bin", [], body: [1]).status == 201)
    try eventually("a bundle in inbox") {
      try !((server.json("GET", "/api/v1/repos/inbox/bundles").object["items"] as? [Any]) ?? []).isEmpty
    }
    let files =
      try server.json("GET", "/api/v1/repos/inbox/bundles/latest/files").object["items"] as? [[String: Any]]
    #expect(files?.map { $0["path"] as? String } == ["z.bin"])
  }

  @Test(
    "B-20 a name that leads out of its folder is refused",
    arguments: [
      "/files/..%2f..%2fetc%2fpasswd", "/files/%2e%2e", "/files/a/../../b", "/files/a%00b",
      "/files/a%5c..%5cb",
      "/files/%2fetc%2fpasswd", "/files//etc/passwd",
    ])
  func names(target: String) throws {
    let server = try GatewayProcess.running()
    let answer = try server.exchange("PUT", target, [], body: [1])
    #expect((400..<500).contains(answer.status), "\(answer.status) \(answer.headers)")
    let bundles = try server.json("GET", "/api/v1/repos/inbox/bundles").object["items"] as? [Any]
    #expect((bundles ?? []).isEmpty)
  }

  @Test("a PUT sent again is not told 201 of an upload that has only what the first one brought")
  func repeated() throws {
    let server = try GatewayProcess.running(["--small-upload-bytes", "0"])
    let key: WireFields = [("Idempotency-Key", "\"one\"")]
    do {
      let broken = try server.connect()
      try broken.send(
        "PUT /files/a HTTP/1.1\r\nHost: a\r\nIdempotency-Key: \"one\"\r\nContent-Length: 200000\r\n\r\n")
      try broken.send(Array(bytes[..<100_000]))
      // Or the second request could be the one that brings the first bytes.
      try eventually("the first bytes are there") {
        let uploads = try server.json("GET", "/api/v1/status").object["uploads"] as? [String: Any]
        return ((uploads?["active"] as? [[String: Any]])?.first?["offset"] as? Int ?? 0) > 0
      }
    }
    var answer = try server.exchange("PUT", "/files/a", key, body: bytes)
    let path = try #require(answer.path)
    if answer.status == 409 {
      let offset = try #require(answer.headers["upload-offset"].flatMap { Int($0) })
      answer = try server.exchange(
        "PUT", path, [("Content-Range", "bytes \(offset)-199999/200000")], body: Array(bytes[offset...]))
    }
    #expect(answer.status == 201, "\(answer.final.text)")
    try server.untilVerified(path)
    #expect(try server.request("GET", path).body == bytes)
  }

  @Test(
    "a target in absolute form, as a client behind a proxy sends it, is the path it names (RFC 9112 section 3.2.2)"
  )
  func absoluteForm() throws {
    let server = try GatewayProcess.running()
    let answer = try server.exchange("PUT", "http://files.example/files/a", [], body: bytes)
    #expect(answer.status == 201)
    // Location never names a host because a request does.
    let location = try #require(answer.headers["location"])
    #expect(location.hasPrefix("/files/"))
    try server.untilVerified(location)
    #expect(try server.request("GET", "http://files.example\(location)").body == bytes)
    #expect(try server.exchange("PUT", "http://a@b/files/a", [], body: bytes).status == 400)
    #expect(try server.exchange("PUT", "http:///files/a", [], body: bytes).status == 400)
  }
}
