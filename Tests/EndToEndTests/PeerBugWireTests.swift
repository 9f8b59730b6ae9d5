import Foundation
import TestSupport
import Testing

/// Faults seen in peers, tried on this server by bytes on a socket: what uploads hold.
@Suite struct PeerBugWireTests {
  private static let content: WireFields = [
    ("Tus-Resumable", "1.0.0"), ("Content-Type", "application/offset+octet-stream"),
  ]

  @Test(
    "B-3 of many appends at one offset one gets in, whole, and nothing is there twice",
    arguments: [100, 100_000])
  func concurrentAppends(count: Int) async throws {
    let server = try GatewayProcess.running()
    for _ in 0..<3 {
      let path = try server.upload(length: 2 * count)
      let statuses = try await withThrowingTaskGroup(of: (UInt8, Int).self) { group in
        for byte in UInt8(1)...8 {
          group.addTask {
            try await blocking {
              let body = [UInt8](repeating: byte, count: count)
              return (byte, try server.request("PATCH", path, TusRequests.patch(0), body: body).status)
            }
          }
        }
        return try await group.reduce(into: [UInt8: Int]()) { $0[$1.0] = $1.1 }
      }
      #expect(statuses.values.filter { $0 == 204 }.count <= 1)
      let offset = try #require(try server.offset(of: path))
      #expect(offset <= count)
      let rest = [UInt8](repeating: 99, count: 2 * count - offset)
      #expect(try server.request("PATCH", path, TusRequests.patch(offset), body: rest).status == 204)
      try server.untilVerified(path)
      let file = try server.request("GET", path).body
      #expect(file.count == 2 * count)
      if let winner = statuses.first(where: { $0.value == 204 })?.key {
        #expect(file.prefix(count).allSatisfy { $0 == winner })
      }
    }
  }

  @Test("B-6 B-17 a completed upload tells its whole length, before and after a restart and past its expiry")
  func completed() throws {
    let server = try GatewayProcess.running(["--upload-expiry-seconds", "1", "--orphan-expiry-seconds", "1"])
    let paths = try [3, 100_000].map { count in
      let path = try server.upload(length: count)
      let body = IETFWire.bytes(count)
      #expect(try server.request("PATCH", path, TusRequests.patch(0), body: body).status == 204)
      return (path, count)
    }
    let unfinished = try server.upload(length: 5)
    func check() throws {
      for (path, count) in paths {
        #expect(try server.offset(of: path) == count)
        #expect(try server.request("GET", path).body.count == count)
      }
    }
    try check()
    try eventually("the unfinished one expired") {
      try server.request("HEAD", unfinished, TusRequests.version).status == 410
    }
    try check()
    server.crash()
    try server.start()
    try check()
  }

  @Test("B-13 no bytes are a file: tus, drafts, plain, a final of empty parts; one bundle each")
  func empty() throws {
    let server = try GatewayProcess.running()
    let partial: WireFields = Self.content + [("Upload-Length", "0"), ("Upload-Concat", "partial")]
    let parts = try (0..<2).map { _ in
      try #require(try server.exchange("POST", "/files/", partial, body: []).path)
    }
    let answers = [
      try server.exchange("POST", "/files/", Self.content + [("Upload-Length", "0")], body: []),
      try server.exchange("POST", "/files/", IETFWire.fields(8, isComplete: true), body: []),
      try server.exchange("POST", "/files/", IETFWire.fields(3, isComplete: true), body: []),
      try server.connect().exchange("POST", "/files/", IETFWire.fields(nil, isComplete: true), chunks: []),
      try server.exchange("PUT", "/files/empty.bin", [], body: []),
      try server.exchange(
        "POST", "/files/", [("Tus-Resumable", "1.0.0"), ("Upload-Concat", "final;\(parts[0]) \(parts[1])")],
        body: []),
    ]
    for answer in answers {
      #expect((200..<300).contains(answer.status), "\(answer.final.text)")
      let path = try #require(answer.path)
      try server.untilVerified(path)
      #expect(try server.request("GET", path).body.isEmpty)
      #expect(try server.offset(of: path) == 0)
    }
    try eventually("all are committed") {
      try ((server.json("GET", "/api/v1/repos/inbox/bundles").object["items"] as? [Any]) ?? []).count
        == answers.count
    }
  }

  /// Ways to send more than is allowed: fields of the creation, fields of the append or `nil` to send with the creation.
  private static let overflows: [(String, WireFields, WireFields?)] = [
    ("tus", content + [("Upload-Length", "10")], content + [("Upload-Offset", "0")]),
    ("tus, at once", content + [("Upload-Length", "10")], nil),
    ("tus, deferred", content + [("Upload-Defer-Length", "1")], content + [("Upload-Offset", "0")]),
    (
      "tus, stated late", content + [("Upload-Defer-Length", "1")],
      content + [("Upload-Offset", "0"), ("Upload-Length", "10")]
    ),
    (
      "version 6", IETFWire.fields(6, isComplete: false, length: 10),
      IETFWire.fields(6, isComplete: false, offset: 0)
    ),
    (
      "version 8", IETFWire.fields(8, isComplete: false, length: 10),
      IETFWire.fields(8, isComplete: false, offset: 0)
    ),
    (
      "version 8, no length", IETFWire.fields(8, isComplete: false),
      IETFWire.fields(8, isComplete: true, offset: 0)
    ),
    ("version 3, at once", IETFWire.fields(3, isComplete: true), nil),
    ("plain", [], nil),
  ]

  @Test("B-14 no dialect and no framing gets more bytes in than the length or the server's limit allows")
  func overflow() throws {
    let server = try GatewayProcess.running(["--maximum-upload-bytes", "5000"])
    let body = IETFWire.bytes(9000)
    for (name, creation, append) in Self.overflows {
      for isChunked in [false, true] {
        var path: String?
        if append != nil {
          path = try server.exchange("POST", "/files/", creation, body: []).path
          #expect(path != nil, "\(name)")
        }
        let connection = try server.connect()
        let target = path ?? "/files/"
        let method = path == nil ? "POST" : "PATCH"
        let answer =
          isChunked
          ? try connection.exchange(
            method, target, append ?? creation, chunks: [Array(body[..<4]), Array(body[4...])])
          : try connection.exchange(method, target, append ?? creation, body: body)
        #expect((400..<500).contains(answer.status), "\(name), chunked \(isChunked): \(answer.status)")
        if let path = path ?? answer.path {
          let state = try server.upload(at: path)["state"] as? String
          #expect(
            !["received", "verified", "committed"].contains(state ?? ""), "\(name), chunked \(isChunked)")
          #expect(try server.upload(at: path)["offset"] as? Int ?? 0 <= 5000)
        }
      }
    }
    #expect(try server.json("GET", "/api/v1/repos").object["items"] as? [String] == [])
  }

  @Test("B-15 after a wrong, unknown or cut checksum the offset is as before and nothing is on disk")
  func checksums() throws {
    let server = try GatewayProcess.running()
    for length in [1000, 500_000] {
      let path = try server.upload(length: length)
      let body = IETFWire.bytes(length)
      let append = Self.content + [("Upload-Offset", "0")]
      let wrong = "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk="
      #expect(
        try server.exchange("PATCH", path, append + [("Upload-Checksum", wrong)], body: body).status == 460)
      #expect(
        try server.exchange("PATCH", path, append + [("Upload-Checksum", "x AAAA")], body: body).status == 400
      )
      do {
        let connection = try server.connect()
        try connection.sendHead("PATCH", path, append + [("Upload-Checksum", wrong)], length: length)
        try connection.send(Array(body[..<(length / 2)]))
      }
      #expect(try server.offset(of: path) == 0)
      try eventually("nothing on disk") { try bytes(below: server.dataFolder + "/partial") == 0 }
      #expect(try server.request("PATCH", path, TusRequests.patch(0), body: body).status == 204)
      try server.untilVerified(path)
    }
  }

  private func bytes(below folder: String) throws -> Int {
    try FileManager.default.subpathsOfDirectory(atPath: folder).reduce(0) { sum, path in
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(path)")
      return sum
        + (attributes[.type] as? FileAttributeType == .typeRegular ? attributes[.size] as? Int ?? 0 : 0)
    }
  }

  @Test("B-25 an upload never replaces a file: the same name twice is two bundles, and an earlier one stays")
  func replacing() throws {
    let server = try GatewayProcess.running()
    let metadata: WireFields = [("Upload-Length", "1"), ("Upload-Metadata", "filename YS5iaW4=")]
    let paths = try [UInt8(1), 2].map { byte in
      let path = try #require(
        try server.exchange("POST", "/files/", Self.content + metadata, body: [byte]).path)
      try server.untilVerified(path)
      return path
    }
    #expect(Set(paths).count == 2)
    #expect(try paths.map { try server.request("GET", $0).body } == [[1], [2]])
    try eventually("two bundles") {
      try ((server.json("GET", "/api/v1/repos/inbox/bundles").object["items"] as? [Any]) ?? []).count == 2
    }
    let append = try server.exchange("PATCH", paths[0], Self.content + [("Upload-Offset", "0")], body: [9])
    #expect((400..<500).contains(append.status))
    #expect(try server.request("GET", paths[0]).body == [1])
  }
}
