import Client
import NIOHTTP1
import Platform
import TestSupport
import Testing
import Vocabulary

/// What `sheaf push` does with answers that servers, and things in between, may give.
@Suite struct ForeignServerTests {
  private static let large = 3 << 20

  private func bench(_ files: [String: Int] = ["large": ForeignServerTests.large]) throws -> PushBench {
    let bench = try PushBench()
    for (name, bytes) in files { try bench.write(name, bytes: bytes) }
    return bench
  }

  /// Lengths of the bodies of all appends, in order.
  private func appends(_ gateway: FakeGateway) -> [Int] {
    gateway.requests.filter { $0.method == "PATCH" }.map(\.body.count)
  }

  @Test("B-8 a server that acknowledges more than was sent fails the file; nothing is skipped")
  func patchClaims() async throws {
    let bench = try bench()
    let gateway = FakeGateway(afterwards: { request, answer in
      guard request.method == "PATCH" else { return }
      answer.fields = [("Upload-Offset", String(Self.large + 1))]
    })
    let failed = try await bench.failures(gateway)
    #expect(
      failed["large"]?.contains("\(Self.large + 1) bytes, of which only \(Self.large) were sent") == true)
    #expect(!gateway.lines.contains { $0.hasSuffix("/seal") })
  }

  @Test("B-8 a server whose HEAD tells more bytes than were sent, or than the file has, fails the file")
  func headClaims() async throws {
    for (claim, text) in [
      (1 << 20, "of which only 262144 were sent"), (Self.large + 1, "of a file that has"),
    ] {
      let bench = try bench()
      let gateway = FakeGateway(
        instead: { request in
          // Not even all of the body arrived, and the connection is gone.
          request.method == "PATCH" ? FakeAnswer(status: 502) : nil
        },
        afterwards: { request, answer in
          guard request.method == "HEAD" else { return }
          answer.fields = answer.fields.map { $0.0 == "Upload-Offset" ? ($0.0, String(claim)) : $0 }
        }, bodyLimit: 256 << 10)
      let failed = try await bench.failures(gateway)
      #expect(failed["large"]?.contains(text) == true, "\(failed)")
      #expect(appends(gateway).count == 1)
    }
  }

  @Test("B-8 bytes that a creation finds there already are compared before anything is added to them")
  func creationClaims() async throws {
    let bench = try bench()
    let wrong = [UInt8](repeating: 1, count: 1 << 20)
    let isFirst = Locked(true)
    let gateway = FakeGateway()
    gateway.state.withLock {
      $0.afterCreation = { upload in
        guard
          isFirst.withLock({ first in
            defer { first = false }
            return first
          })
        else { return }
        upload.bytes = wrong
      }
    }
    try await bench.push(to: gateway)
    #expect(gateway.files == (try bench.source))
    let first = try #require(gateway.lines.firstIndex(of: "PATCH /files/ID"))
    #expect(gateway.lines[..<first].contains("GET /files/ID/blocks"))
    #expect(gateway.lines[..<first].contains("DELETE /files/ID"))
  }

  @Test("B-10 a source file that changed below the offset is noticed before the first byte is appended")
  func changedSource() async throws {
    let bench = try bench()
    let gateway = FakeGateway { request in
      request.method == "PATCH" ? .problem("stop", 400) : nil
    }
    #expect(try await bench.failures(gateway).count == 1)
    // The earlier run had sent a part, of a file that has changed since.
    let other = FakeGateway()
    other.state.withLock { state in
      state.uploads = gateway.state.withLock { $0.uploads }
      state.uploads["large"]?.bytes = [UInt8](repeating: 9, count: 1 << 20)
      state.made = 100
    }
    try await bench.push(to: other)
    #expect(other.files == (try bench.source))
    let append = try #require(other.lines.firstIndex(of: "PATCH /files/ID"))
    let removal = try #require(other.lines.firstIndex(of: "DELETE /files/ID"))
    #expect(removal < append)
    #expect(appends(other) == [Self.large])
    #expect(bench.notices.withLock { $0.contains { $0.contains("changed") } })
  }

  @Test("appends are no larger than max-append-size says, and neither is a creation with content")
  func announcedLimit() async throws {
    let bench = try bench(["large": Self.large, "middle": 900_000])
    let gateway = FakeGateway()
    gateway.state.withLock { $0.uploadLimit = "max-append-size=700000, max-size=9000000" }
    try await bench.push(to: gateway)
    #expect(gateway.files == (try bench.source))
    #expect(gateway.requests.map(\.body.count).max() == 700_000)
    #expect(appends(gateway).count == 5 + 2)
  }

  @Test("a proxy that refuses large bodies with 413 gets smaller ones, for every file of the push")
  func refusedBodies() async throws {
    let bench = try bench(["a large": Self.large, "b large": Self.large - 1, "middle": 900_000])
    let gateway = FakeGateway { $0.body.count > 1_000_000 ? FakeAnswer(status: 413) : nil }
    try await bench.push(to: gateway)
    #expect(gateway.files == (try bench.source))
    #expect(gateway.requests.filter { $0.body.count > 1_000_000 }.count == 2)
  }

  @Test("a proxy that refuses the content of a small file's creation gets it in appends")
  func refusedCreation() async throws {
    let bench = try bench(["middle": 900_000, "other": 800_000])
    let gateway = FakeGateway { $0.body.count > 250_000 ? FakeAnswer(status: 413) : nil }
    try await bench.push(to: gateway)
    #expect(gateway.files == (try bench.source))
    #expect(gateway.requests.filter { $0.body.count > 250_000 }.count <= 3)
  }

  @Test("a file that is too large in any pieces fails with the server's words")
  func tooLargeForever() async throws {
    let bench = try bench(["middle": 900_000])
    let gateway = FakeGateway { $0.line == "POST /files" ? .problem("too-large", 413) : nil }
    let failed = try await bench.failures(gateway)
    #expect(failed["middle"]?.contains("too-large") == true)
    #expect(gateway.lines.filter { $0 == "POST /files" }.count == 2)
  }

  @Test(
    "whatever host a Location names, relative or absolute, requests go only to the server that the user named",
    arguments: ["", "http://elsewhere:1", "//elsewhere", "https://gateway:8773"])
  func location(prefix: String) async throws {
    let bench = try bench(["large": Self.large, "small": 5])
    let gateway = FakeGateway()
    gateway.state.withLock { $0.locationPrefix = prefix }
    try await bench.push(to: gateway)
    #expect(gateway.files == (try bench.source))
    #expect(Set(gateway.requests.map(\.origin)) == ["http://gateway:8773"])
  }

  @Test("a Location that leads to no upload is an error")
  func noLocation() async throws {
    let bench = try bench()
    let gateway = FakeGateway(afterwards: { request, answer in
      if request.line == "POST /files" { answer.fields = [("Location", "/files/../api")] }
    })
    #expect(try await bench.failures(gateway)["large"]?.contains("Location") == true)
  }

  @Test("a request over a socket names a host, for HTTP/1.1 wants one")
  func socketHost() async throws {
    let bench = try bench(["small": 5])
    let gateway = FakeGateway()
    try await bench.push(to: gateway, server: "unix:/run/sheaf.socket")
    #expect(gateway.requests.allSatisfy { $0.headers["Host"] == ["localhost"] })
  }
}
