import Foundation
import TestSupport
import Testing

/// "Resumable Uploads for HTTP" in every interop version, as bytes on a socket against the built server.
@Suite struct IETFWireTests {
  @Test(
    "R-13 R-20 R-30 R-34 an upload created empty and sent in two appends, as each version has it",
    arguments: IETFWire.versions)
  func careful(version: Int?) throws {
    let server = try GatewayProcess.running()
    let bytes = IETFWire.bytes(5000)
    let created = try server.exchange(
      "POST", "/files/", IETFWire.fields(version, isComplete: false), body: [])
    #expect(created.status == 201)
    #expect(created.headers["upload-offset"] == "0")
    #expect(IETFWire.isComplete(created.final, version) == false)
    let path = try #require(created.path)

    let first = try server.exchange(
      "PATCH", path, IETFWire.fields(version, isComplete: false, offset: 0), body: Array(bytes[..<2000]))
    #expect(first.status == ((version ?? 8) <= 6 ? 201 : 204))
    #expect(first.headers["upload-offset"] == "2000")
    #expect(IETFWire.isComplete(first.final, version) == false)

    let head = try server.exchange("HEAD", path, IETFWire.fields(version))
    #expect([200, 204].contains(head.status))
    #expect(head.headers["upload-offset"] == "2000")
    #expect(head.headers["cache-control"] == "no-store")
    #expect(IETFWire.isComplete(head.final, version) == false)
    if (version ?? 8) >= 6 { #expect(head.headers["upload-limit"] != nil) }

    let last = try server.exchange(
      "PATCH", path, IETFWire.fields(version, isComplete: true, offset: 2000), body: Array(bytes[2000...]))
    #expect((200..<300).contains(last.status))
    #expect(IETFWire.isComplete(last.final, version) == true)
    #expect(last.headers["upload-offset"] == "5000")
    let after = try server.exchange("HEAD", path, IETFWire.fields(version))
    #expect(IETFWire.isComplete(after.final, version) == true)
    try server.untilVerified(path)
    #expect(try server.request("GET", path).body == bytes)
  }

  @Test("R-12 R-17 a whole file in one request, chunked or not", arguments: IETFWire.versions)
  func whole(version: Int?) throws {
    let server = try GatewayProcess.running()
    for size in [3000, 200_000] {
      let bytes = IETFWire.bytes(size)
      let fields = IETFWire.fields(
        version, isComplete: true,
        [("Content-Type", "image/png"), ("Content-Disposition", #"inline; filename*=UTF-8''%C3%BC.png"#)])
      for isChunked in [false, true] {
        let connection = try server.connect()
        let answer =
          isChunked
          ? try connection.exchange(
            "POST", "/files/", fields, chunks: [Array(bytes[..<999]), Array(bytes[999...])])
          : try connection.exchange("POST", "/files/", fields, body: bytes)
        #expect((200..<300).contains(answer.status), "\(answer.final.text)")
        #expect(IETFWire.isComplete(answer.final, version) == true)
        let path = try #require(answer.path)
        try server.untilVerified(path)
        let file = try server.request("GET", path)
        #expect(file.body == bytes)
        #expect(file.headers["content-disposition"]?.contains("%C3%BC.png") == true)
        #expect(try server.upload(at: path)["length"] as? Int == size)
      }
    }
  }

  @Test("R-3 as many bytes as announced are not yet the whole; R-33 an empty last append makes them so")
  func declared() throws {
    let server = try GatewayProcess.running()
    let bytes = IETFWire.bytes(5)
    let created = try server.exchange(
      "POST", "/files/", IETFWire.fields(8, isComplete: false, length: 5), body: bytes)
    #expect(created.status == 201)
    let path = try #require(created.path)
    let head = try server.exchange("HEAD", path, IETFWire.fields(8))
    #expect(head.headers["upload-offset"] == "5")
    #expect(head.headers["upload-length"] == "5")
    #expect(head.headers["upload-complete"] == "?0")
    #expect(try server.upload(at: path)["state"] as? String == "receiving")
    let last = try server.exchange("PATCH", path, IETFWire.fields(8, isComplete: true, offset: 5), body: [])
    #expect(last.headers["upload-complete"] == "?1")
    try server.untilVerified(path)
    #expect(try server.request("GET", path).body == bytes)
  }

  @Test("R-31 a wrong offset is 409 with the right one, and nothing changes", arguments: IETFWire.versions)
  func wrongOffset(version: Int?) throws {
    let server = try GatewayProcess.running()
    let created = try server.exchange(
      "POST", "/files/", IETFWire.fields(version, isComplete: false), body: [1, 2, 3])
    let path = try #require(created.path)
    for offset in [0, 2, 4, 1 << 40] {
      let answer = try server.exchange(
        "PATCH", path, IETFWire.fields(version, isComplete: true, offset: offset), body: [9])
      #expect(answer.status == 409)
      #expect(answer.headers["upload-offset"] == "3")
      #expect(IETFWire.isComplete(answer.final, version) == false)
      #expect(
        answer.final.problem["type"] as? String
          == "https://iana.org/assignments/http-problem-types#mismatching-upload-offset")
      #expect(answer.final.problem["expected-offset"] as? Int == 3)
      #expect(answer.final.problem["provided-offset"] as? Int == offset)
    }
    let rest = try server.exchange(
      "PATCH", path, IETFWire.fields(version, isComplete: true, offset: 3), body: [4])
    #expect(IETFWire.isComplete(rest.final, version) == true)
    try server.untilVerified(path)
    #expect(try server.request("GET", path).body == [1, 2, 3, 4])
  }

  @Test("R-4 lengths that disagree are 400 inconsistent-length, on creations and appends")
  func lengths() throws {
    let server = try GatewayProcess.running()
    let refused = try server.exchange(
      "POST", "/files/", IETFWire.fields(8, isComplete: true, length: 6), body: IETFWire.bytes(5))
    #expect(refused.status == 400)
    #expect(refused.final.code == "inconsistent-length")
    #expect(
      refused.final.problem["type"] as? String
        == "https://iana.org/assignments/http-problem-types#inconsistent-upload-length")
    #expect(refused.headers["upload-complete"] == "?0")
    let path = try #require(
      try server.exchange("POST", "/files/", IETFWire.fields(8, isComplete: false, length: 10), body: []).path
    )
    for fields in [
      IETFWire.fields(8, isComplete: false, offset: 0, length: 11),
      IETFWire.fields(8, isComplete: true, offset: 0),
    ] {
      let append = try server.exchange("PATCH", path, fields, body: IETFWire.bytes(5))
      #expect(append.status == 400)
      #expect(append.final.code == "inconsistent-length")
      #expect(append.headers["upload-offset"] == "0")
    }
  }

  @Test("R-35 the last request sent again gets the same answer", arguments: [8, nil])
  func replay(version: Int?) throws {
    let server = try GatewayProcess.running()
    let path = try #require(
      try server.exchange("POST", "/files/", IETFWire.fields(version, isComplete: false), body: [1, 2]).path)
    let fields = IETFWire.fields(version, isComplete: true, offset: 2)
    let first = try server.exchange("PATCH", path, fields, body: [])
    try server.untilVerified(path)
    for _ in 0..<2 {
      let again = try server.exchange("PATCH", path, fields, body: [])
      #expect(again.status == first.status)
      #expect(again.headers["upload-complete"] == "?1")
      #expect(again.headers["location"] == first.headers["location"])
      #expect(again.final.text == first.final.text)
    }
  }

  @Test(
    "R-36 more than the length ends an upload of version 8 and stops one of version 6 or 7",
    arguments: [6, 7, 8, nil])
  func overflow(version: Int?) throws {
    let server = try GatewayProcess.running(["--small-upload-bytes", "0"])
    let path = try #require(
      try server.exchange(
        "POST", "/files/", IETFWire.fields(version, isComplete: false, length: 10), body: []
      )
      .path)
    let answer = try server.connect().exchange(
      "PATCH", path, IETFWire.fields(version, isComplete: false, offset: 0),
      chunks: [IETFWire.bytes(8), IETFWire.bytes(8)])
    #expect((400..<500).contains(answer.status))
    #expect(IETFWire.isComplete(answer.final, version) == false)
    let head = try server.exchange("HEAD", path, IETFWire.fields(version))
    if version == nil || version == 8 {
      #expect([404, 410].contains(head.status))
      #expect(head.headers["upload-offset"] == nil)
      #expect(head.headers["upload-error"] == "upload-invalid")
    } else {
      #expect([200, 204].contains(head.status))
      #expect(IETFWire.isComplete(head.final, version) == false)
    }
  }

  @Test("R-40 DELETE cancels, the running append first", arguments: IETFWire.versions)
  func cancel(version: Int?) throws {
    let server = try GatewayProcess.running(["--small-upload-bytes", "0"])
    let path = try #require(
      try server.exchange("POST", "/files/", IETFWire.fields(version, isComplete: false), body: []).path)
    let holder = try server.connect()
    try holder.sendHead(
      "PATCH", path, IETFWire.fields(version, isComplete: true, offset: 0), length: 1000)
    try holder.send(IETFWire.bytes(300))
    try eventually("300 bytes stored") { try server.upload(at: path)["offset"] as? Int == 300 }
    if let version, version <= 6 {
      let wrong = try server.exchange("DELETE", path, IETFWire.fields(version) + [("Upload-Offset", "0")])
      #expect(wrong.status == 400)
    }
    #expect(try server.exchange("DELETE", path, IETFWire.fields(version)).status == 204)
    let head = try server.exchange("HEAD", path, IETFWire.fields(version))
    #expect([404, 410].contains(head.status))
    #expect(head.headers["upload-offset"] == nil)
  }

  @Test("R-21 R-42 HEAD ends a running append and tells an offset that the next append may begin at")
  func takeover() throws {
    let server = try GatewayProcess.running(["--small-upload-bytes", "0"])
    let bytes = IETFWire.bytes(1000)
    let path = try #require(
      try server.exchange("POST", "/files/", IETFWire.fields(8, isComplete: false), body: []).path)
    let holder = try server.connect()
    try holder.sendHead("PATCH", path, IETFWire.fields(8, isComplete: true, offset: 0), length: 1000)
    try holder.send(Array(bytes[..<300]))
    try eventually("300 bytes stored") { try server.upload(at: path)["offset"] as? Int == 300 }
    #expect(try server.exchange("HEAD", path, IETFWire.fields(8)).headers["upload-offset"] == "300")
    try? holder.send([UInt8](repeating: 0xEE, count: 700))
    let rest = try server.exchange(
      "PATCH", path, IETFWire.fields(8, isComplete: true, offset: 300), body: Array(bytes[300...]))
    #expect(rest.headers["upload-complete"] == "?1")
    try server.untilVerified(path)
    #expect(try server.request("GET", path).body == bytes)
  }

  @Test("R-32 an append that breaks off keeps what arrived, and is not complete", arguments: [3, 5, 8, nil])
  func brokenAppend(version: Int?) throws {
    let server = try GatewayProcess.running(["--small-upload-bytes", "0"])
    let path = try #require(
      try server.exchange("POST", "/files/", IETFWire.fields(version, isComplete: false), body: []).path)
    do {
      let holder = try server.connect()
      try holder.sendHead(
        "PATCH", path, IETFWire.fields(version, isComplete: true, offset: 0), length: 1000)
      try holder.send(IETFWire.bytes(300))
      try eventually("300 bytes stored") { try server.upload(at: path)["offset"] as? Int == 300 }
    }
    let head = try server.exchange("HEAD", path, IETFWire.fields(version))
    #expect(head.headers["upload-offset"] == "300")
    #expect(IETFWire.isComplete(head.final, version) == false)
  }

  @Test("R-30 an append without its fields, or in another media type, is refused", arguments: [6, 7, 8, nil])
  func badAppends(version: Int?) throws {
    let server = try GatewayProcess.running()
    let path = try #require(
      try server.exchange("POST", "/files/", IETFWire.fields(version, isComplete: false), body: []).path)
    let partial = ("Content-Type", "application/partial-upload")
    let noOffset = try server.exchange(
      "PATCH", path, IETFWire.fields(version, isComplete: true) + [partial], body: [1])
    #expect(noOffset.status == 400)
    let noCompleteness = try server.exchange(
      "PATCH", path, IETFWire.fields(version, offset: 0), body: [1])
    #expect(noCompleteness.status == 400)
    let otherType = try server.exchange(
      "PATCH", path,
      IETFWire.fields(version, isComplete: true)
        + [("Upload-Offset", "0"), ("Content-Type", "application/octet-stream")], body: [1])
    #expect(otherType.status == 415)
    #expect(otherType.headers["accept-patch"]?.contains("application/partial-upload") == true)
    #expect(try server.exchange("HEAD", path, IETFWire.fields(version)).headers["upload-offset"] == "0")
  }

  @Test("R-5 R-41 OPTIONS tells the limits and how to append")
  func options() throws {
    let server = try GatewayProcess.running(["--maximum-upload-bytes", "1000"])
    let answer = try server.exchange("OPTIONS", "/files/", IETFWire.fields(8))
    #expect((200..<300).contains(answer.status))
    #expect(answer.headers["upload-limit"]?.contains("max-size=1000") == true)
    #expect(answer.headers["accept-patch"]?.contains("application/partial-upload") == true)
    let large = try server.exchange(
      "POST", "/files/", IETFWire.fields(8, isComplete: false, length: 1001), body: [])
    #expect(large.status == 413)
    #expect(large.headers["upload-limit"]?.contains("max-size=1000") == true)
  }

  @Test("R-45 coded content stays coded, and offsets count it as it is sent")
  func coded() throws {
    let server = try GatewayProcess.running()
    let bytes: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    let answer = try server.exchange(
      "POST", "/files/", IETFWire.fields(8, isComplete: true, [("Content-Encoding", "gzip")]), body: bytes)
    #expect((200..<300).contains(answer.status), "\(answer.final.text)")
    let path = try #require(answer.path)
    try server.untilVerified(path)
    #expect(try server.upload(at: path)["offset"] as? Int == bytes.count)
    #expect(try server.request("GET", path).body == bytes)
  }

  @Test("R-43 an upload's URL is an id and nothing else, and one tells nothing of the next")
  func urls() throws {
    let server = try GatewayProcess.running()
    let paths = try (0..<40).map { _ in
      try #require(
        try server.exchange("POST", "/files/", IETFWire.fields(8, isComplete: false), body: []).path)
    }
    #expect(paths.allSatisfy { $0.wholeMatch(of: /\/files\/[0-9a-z]{26}/) != nil })
    // The beginning is the time; the rest is random, in each of its quarters.
    for quarter in 0..<4 {
      let parts = paths.map { String($0.suffix(16).dropFirst(quarter * 4).prefix(4)) }
      #expect(Set(parts).count >= 38, "\(parts)")
    }
  }
}
