import Client
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// What `sheaf push` asks before it sends.
@Suite struct KnownFilesClientTests {
  private func bench(_ count: Int = 5) throws -> PushBench {
    let bench = try PushBench()
    for number in 0..<count { try bench.write("f\(number)", bytes: 100 + number) }
    return bench
  }

  private func members(_ request: FakeRequest) -> [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]) ?? [:]
  }

  private func paths(_ request: FakeRequest) -> [String] {
    (members(request)["files"] as? [[String: Any]] ?? []).compactMap { $0["path"] as? String }
  }

  /// A gateway whose repo has a bundle and knows every file; claims are answered by `claim`.
  private func gateway(
    _ claim: @escaping @Sendable (FakeRequest) throws -> FakeAnswer
  ) -> FakeGateway {
    FakeGateway(instead: { [self] request in
      switch request.path {
      case "/api/v1/repos/r": return try .json(200, ["latest": ["id": "b"]])
      case "/files/lookup":
        let items = paths(request).map { ["path": $0, "known": true] as [String: Any] }
        return try .json(200, ["challenge": "c", "items": items])
      case "/files/claim": return try claim(request)
      default: return nil
      }
    })
  }

  private func stored(_ paths: [String]) throws -> FakeAnswer {
    try .json(
      200,
      ["items": paths.map { ["path": $0, "status": "stored", "upload": uploadID.text] as [String: Any] }])
  }

  @Test("D26 of a repo without a bundle one thing is asked, and nothing is looked up")
  func first() async throws {
    let bench = try bench()
    let gateway = FakeGateway()
    try await bench.push(to: gateway)
    #expect(gateway.lines.filter { $0 == "GET /api/v1/repos/r" }.count == 1)
    #expect(!gateway.lines.contains { $0.contains("lookup") || $0.contains("claim") })
    #expect(!bench.folder.exists("state/digests"))
  }

  @Test("D26 a server that cannot look up gets every file", arguments: [400, 404, 405, 415, 501])
  func olderServer(status: Int) async throws {
    let bench = try bench()
    let gateway = FakeGateway(instead: { request in
      switch request.path {
      case "/api/v1/repos/r": try .json(200, ["latest": ["id": "b"]])
      case "/files/lookup": FakeAnswer(status: status)
      default: nil
      }
    })
    try await bench.push(to: gateway)
    #expect(gateway.files == (try bench.source))
    #expect(bench.board.progress.filesSkipped == 0)
  }

  @Test(
    "D26 a server that is in trouble with lookups alone gets every file soon",
    arguments: ["/api/v1/repos/r", "/files/lookup", "/files/claim"], [nil, "600"])
  func trouble(place: String, retryAfter: String?) async throws {
    let bench = try bench()
    let fields = retryAfter.map { [("Retry-After", $0)] } ?? []
    let gateway = FakeGateway(instead: { [self] request in
      if request.path == place { return FakeAnswer(status: retryAfter == nil ? 503 : 429, fields: fields) }
      switch request.path {
      case "/api/v1/repos/r": return try .json(200, ["latest": ["id": "b"]])
      case "/files/lookup":
        let items = paths(request).map { ["path": $0, "known": true] as [String: Any] }
        return try .json(200, ["challenge": "c", "items": items])
      default: return nil
      }
    })
    try await bench.push(to: gateway, budgetSeconds: 900, random: 0.9)
    #expect(gateway.files == (try bench.source))
    #expect(bench.waits.withLock { $0.reduce(0, +) } < 120)
  }

  @Test("D26 claimed files are not sent, and count as done and skipped")
  func claimed() async throws {
    let bench = try bench()
    let gateway = gateway { [self] request in try stored(paths(request)) }
    let result = try await bench.push(to: gateway)
    #expect(gateway.files.isEmpty)
    let progress = bench.board.progress
    #expect(progress.filesDone == 5 && progress.filesSkipped == 5 && progress.bytesSent == 0)
    #expect(progress.bytesSkipped == result.bytes && progress.bytesAcked == result.bytes)
  }

  @Test("D26 the proof is over challenge, digest and content, and goes with the file's time and mode")
  func proof() async throws {
    let bench = try bench(1)
    try FileAttributes.restore(
      bench.folder.child("source/f0"), mode: 0o640, modifiedNanoseconds: 1_700_000_000_125_999_999)
    let gateway = gateway { [self] request in try stored(paths(request)) }
    try await bench.push(to: gateway)
    let request = try #require(gateway.requests.first { $0.path == "/files/claim" })
    let file = try #require((members(request)["files"] as? [[String: Any]])?.first)
    let content = bench.content("f0", 100)
    let digest = SHA256Stream.digest(of: content)
    #expect(file["sha256"] as? String == digest.hex)
    #expect(file["proof"] as? String == SHA256Stream.digest(of: Array("c".utf8) + digest.bytes + content).hex)
    #expect(file["mtime"] as? String == "1700000000.125" && file["mode"] as? String == "0640")
    #expect(members(request)["challenge"] as? String == "c")
  }

  @Test("D26 what is refused, or not answered for, is sent")
  func refused() async throws {
    let bench = try bench()
    let gateway = gateway { [self] request in
      let items: [[String: Any]] = [
        ["path": paths(request)[0], "status": "refused", "error": ["code": "not-proven"]],
        ["path": paths(request)[1], "status": "stored", "upload": uploadID.text],
      ]
      return try .json(200, ["items": items])
    }
    try await bench.push(to: gateway)
    var expected = try bench.source
    expected["f1"] = nil
    #expect(gateway.files == expected)
    #expect(bench.board.progress.filesDone == 5 && bench.board.progress.filesSkipped == 1)
  }

  @Test("D26 an expired challenge is asked for again, and not for ever")
  func expired() async throws {
    for failures in [1, 100] {
      let bench = try bench()
      let count = Locked(0)
      let gateway = gateway { [self] request in
        let number = count.withLock { count in
          count += 1
          return count
        }
        if number <= failures { return .problem("challenge-expired", 409) }
        return try stored(paths(request))
      }
      try await bench.push(to: gateway)
      #expect(bench.board.progress.filesDone == 5)
      #expect(bench.board.progress.filesSkipped == (failures == 1 ? 5 : 0))
      #expect(count.withLock { $0 } == (failures == 1 ? 2 : 3))
    }
  }

  @Test("D26 a file that changes while it is asked about is sent as it is")
  func changed() async throws {
    let bench = try bench()
    let files = try bench.scan()
    try bench.folder.write(bench.content("other", 102), to: "source/f2")
    try FileAttributes.restore(bench.folder.child("source/f2"), mode: 0o644, modifiedNanoseconds: 77)
    let gateway = gateway { [self] request in
      #expect(!paths(request).contains("f2"))
      return try stored(paths(request))
    }
    try await bench.push(to: gateway, files: files)
    #expect(gateway.files == ["f2": bench.content("other", 102)])
  }
}
