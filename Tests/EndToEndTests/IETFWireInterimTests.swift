import Foundation
import TestSupport
import Testing

/// Responses before the response: 104 with the URL, 100, 104 with progress.
@Suite struct IETFWireInterimTests {
  private static let numbered = IETFWire.versions.compactMap { $0 }

  @Test("R-10 R-14 the URL is told in a 104 before any content is sent", arguments: numbered)
  func location(version: Int) throws {
    let server = try GatewayProcess.running()
    let bytes = IETFWire.bytes(200_000)
    let connection = try server.connect()
    try connection.sendHead(
      "POST", "/files/", IETFWire.fields(version, isComplete: true), length: bytes.count)
    let early = try connection.answer()
    #expect(early.status == 104)
    #expect(early.headers["upload-draft-interop-version"] == String(version))
    if version >= 6 { #expect(early.headers["upload-limit"] != nil) }
    let location = try #require(early.headers["location"])
    try connection.send(bytes)
    let answer = try connection.wireAnswer()
    #expect((200..<300).contains(answer.status))
    #expect(answer.headers["location"] == nil || answer.headers["location"] == location)
    let path = try #require(URL(string: location)).path
    try server.untilVerified(path)
    #expect(try server.request("GET", path).body == bytes)
  }

  @Test("R-11 100 Continue follows the 104, and both come before the content")
  func expectation() throws {
    let server = try GatewayProcess.running()
    let connection = try server.connect()
    try connection.sendHead(
      "POST", "/files/", IETFWire.fields(8, isComplete: true, [("Expect", "100-continue")]), length: 100_000)
    #expect(try connection.answer().status == 104)
    #expect(try connection.answer().status == 100)
    try connection.send(IETFWire.bytes(100_000))
    #expect(IETFWire.isComplete(try connection.wireAnswer().final, 8) == true)
  }

  @Test("R-16 the upload of a creation that breaks off is resumed at the URL of the 104")
  func brokenCreation() throws {
    let server = try GatewayProcess.running()
    let bytes = IETFWire.bytes(300_000)
    var path = ""
    do {
      let connection = try server.connect()
      try connection.sendHead("POST", "/files/", IETFWire.fields(8, isComplete: true), length: bytes.count)
      path = try #require(URL(string: try connection.answer().headers["location"] ?? "")).path
      try connection.send(Array(bytes[..<150_000]))
      try eventually("150,000 bytes stored") { try server.upload(at: path)["offset"] as? Int == 150_000 }
    }
    let head = try server.exchange("HEAD", path, IETFWire.fields(8))
    #expect(head.headers["upload-offset"] == "150000")
    #expect(head.headers["upload-complete"] == "?0")
    #expect(head.headers["upload-length"] == "300000")
    let rest = try server.exchange(
      "PATCH", path, IETFWire.fields(8, isComplete: true, offset: 150_000), body: Array(bytes[150_000...]))
    #expect(rest.headers["upload-complete"] == "?1")
    try server.untilVerified(path)
    #expect(try server.request("GET", path).body == bytes)
  }

  @Test("R-15 R-37 progress is told in 104s without a URL, for offsets that only grow, and not too often")
  func progress() throws {
    let server = try GatewayProcess.running(["--durability", "process"])
    let bytes = [UInt8](repeating: 5, count: 40 << 20)
    let path = try #require(
      try server.exchange("POST", "/files/", IETFWire.fields(8, isComplete: false), body: []).path)
    let answer = try server.connect().exchange(
      "PATCH", path, IETFWire.fields(8, isComplete: true, offset: 0), body: bytes)
    #expect(answer.headers["upload-complete"] == "?1")
    let told = answer.interim.filter { $0.status == 104 }
    #expect((1...20).contains(told.count), "\(told.count)")
    #expect(told.allSatisfy { $0.headers["location"] == nil })
    let offsets = told.compactMap { $0.headers["upload-offset"].flatMap { Int($0) } }
    #expect(offsets.count == told.count)
    #expect(offsets == offsets.sorted())
    #expect(offsets.allSatisfy { $0 <= bytes.count })
  }

  @Test(
    "R-60 R-62 no 104 for clients without a version or with one nobody knows",
    arguments: ["", "2", "99", "x"])
  func unknown(version: String) throws {
    let server = try GatewayProcess.running()
    var fields: WireFields = [("Upload-Complete", "?1")]
    if !version.isEmpty { fields.append(("Upload-Draft-Interop-Version", version)) }
    let answer = try server.exchange("POST", "/files/", fields, body: IETFWire.bytes(100_000))
    #expect((200..<300).contains(answer.status), "\(answer.final.text)")
    #expect(answer.interim.isEmpty)
    let path = try #require(answer.path)
    try server.untilVerified(path)
    #expect(try server.request("GET", path).body == IETFWire.bytes(100_000))
  }

  @Test("R-10 interim responses can be switched off, and are not sent past a proxy nobody vouches for")
  func off() throws {
    let fields = IETFWire.fields(8, isComplete: true)
    let silent = try GatewayProcess.running(["--interim-responses", "off"])
    let answer = try silent.exchange("POST", "/files/", fields, body: IETFWire.bytes(100_000))
    #expect(answer.headers["upload-complete"] == "?1")
    #expect(answer.interim.isEmpty)
    let server = try GatewayProcess.running()
    let proxied = try server.exchange(
      "POST", "/files/", fields + [("X-Forwarded-For", "192.0.2.1"), ("Via", "1.1 somebody")],
      body: IETFWire.bytes(100_000))
    #expect(proxied.headers["upload-complete"] == "?1")
    #expect(proxied.interim.isEmpty)
  }

  @Test("R-61 a request of tus that carries a draft's fields too is tus")
  func both() throws {
    let server = try GatewayProcess.running()
    let created = try server.exchange(
      "POST", "/files/",
      IETFWire.fields(8, isComplete: false) + [("Tus-Resumable", "1.0.0"), ("Upload-Length", "3")], body: [])
    #expect(created.status == 201)
    #expect(created.interim.isEmpty)
    #expect(created.headers["tus-resumable"] == "1.0.0")
    let path = try #require(created.path)
    let answer = try server.exchange(
      "PATCH", path,
      [
        ("Tus-Resumable", "1.0.0"), ("Upload-Offset", "0"), ("Upload-Complete", "?0"),
        ("Upload-Draft-Interop-Version", "6"), ("Content-Type", "application/offset+octet-stream"),
      ], body: [1, 2, 3])
    #expect(answer.status == 204)
    #expect(answer.headers["upload-offset"] == "3")
    try server.untilVerified(path)
  }
}
