import Client
import Foundation
import NIOHTTP1
import Platform
import TestSupport
import Testing
import Vocabulary

/// How `sheaf push` sends small files many at a time.
@Suite struct BatchTests {
  private func bench(_ count: Int = 10, bytes: Int = 100) throws -> PushBench {
    let bench = try PushBench()
    for number in 0..<count { try bench.write("small/\(number)", bytes: bytes + number) }
    return bench
  }

  /// Requests that create uploads, one file each.
  private func creations(_ gateway: FakeGateway) -> Int { gateway.lines.filter { $0 == "POST /files" }.count }
  private func batches(_ gateway: FakeGateway) -> [FakeRequest] {
    gateway.requests.filter { $0.line == "POST /files/batch" }
  }

  @Test("small files go many in one request, large ones alone, and all arrive")
  func together() async throws {
    let bench = try bench(600)
    try bench.write("empty", bytes: 0)
    try bench.write("large", bytes: 64 << 10 | 1)
    let gateway = FakeGateway()
    let result = try await bench.push(to: gateway)
    #expect(gateway.files == (try bench.source))
    #expect(batches(gateway).count == 3)
    #expect(batches(gateway).allSatisfy { $0.query == "push=\(pushID)" })
    #expect(creations(gateway) == 1)
    let progress = bench.board.progress
    #expect(progress.filesDone == 602 && progress.bytesAcked == result.bytes && progress.bytesInFlight == 0)
    #expect(progress.bytesSent == result.bytes)
  }

  @Test("a frame tells a file's path, size, time, mode and digest")
  func header() async throws {
    let bench = try PushBench()
    let name = #"ä "quoted" back\slash"#
    try bench.write(name, bytes: 5)
    try bench.write("other", bytes: 1)
    try FileAttributes.restore(
      bench.folder.child("source/\(name)"), mode: 0o750, modifiedNanoseconds: 1_700_000_000_125_000_000)
    let gateway = FakeGateway()
    try await bench.push(to: gateway)
    let request = try #require(batches(gateway).first)
    #expect(request.headers.first(name: "Content-Type") == "application/vnd.sheaf.frames")
    let frame = try #require(try FakeFrame.read(request.body).first { $0.path == name })
    #expect(frame.members["mtime"] as? Double == 1_700_000_000.125)
    #expect(frame.members["mode"] as? String == "0750")
    #expect(frame.members["sha256"] as? String == SHA256Stream.digest(of: frame.content).hex)
    #expect(frame.members.count == 5)
  }

  @Test("no batch has more than 256 files or 4 MiB, headers included")
  func bounds() throws {
    let items = try (0..<1000).map { TransferItem(file: try sourceFile("f\($0)", size: 60_000), step: .send) }
    let units = BatchPlan.units(of: items)
    var count = 0
    for case .batch(let batch) in units {
      #expect(batch.reduce(0) { $0 + $1.file.size } < 4 << 20)
      count += batch.count
    }
    #expect(count == 1000)
    let tiny = try (0..<1000).map { TransferItem(file: try sourceFile("f\($0)", size: 1), step: .send) }
    #expect(BatchPlan.parts(of: tiny, mostBytes: 4 << 20).map(\.count) == [256, 256, 256, 232])
    #expect(BatchPlan.units(of: [tiny[0]]) == [.alone(tiny[0])])
  }

  @Test("a server without batches gets the files one by one", arguments: [404, 405, 412, 415, 501])
  func olderServer(status: Int) async throws {
    let bench = try bench(300)
    let gateway = FakeGateway { $0.path == "/files/batch" ? FakeAnswer(status: status) : nil }
    try await bench.push(to: gateway)
    #expect(gateway.files == (try bench.source))
    #expect(batches(gateway).count == 1)
    #expect(creations(gateway) == 300)
  }

  @Test("batches that are too large become smaller, and stay so")
  func tooLarge() async throws {
    let bench = try bench(100, bytes: 50_000)
    let gateway = FakeGateway { $0.body.count > 1 << 20 ? FakeAnswer(status: 413) : nil }
    try await bench.push(to: gateway)
    #expect(gateway.files == (try bench.source))
    // The last of a batch that was cut may be left alone.
    #expect(creations(gateway) <= 4)
    #expect(batches(gateway).filter { $0.body.count > 1 << 20 }.count <= 3)
  }

  @Test(
    "a batch whose answer is lost is sent again, after the wait the server asks for; nothing is sent alone")
  func answerLost() async throws {
    let bench = try bench()
    let trouble = Locked(0)
    let gateway = FakeGateway(
      instead: { request in
        guard request.path == "/files/batch", trouble.withLock({ $0 }) == 1 else { return nil }
        trouble.withLock { $0 += 1 }
        return FakeAnswer(status: 503, fields: [("Retry-After", "7")])
      },
      afterwards: { request, _ in
        guard request.path == "/files/batch", trouble.withLock({ $0 }) == 0 else { return }
        trouble.withLock { $0 += 1 }
        throw ClientError.network("cut")
      })
    let result = try await bench.push(to: gateway)
    #expect(gateway.files == (try bench.source))
    #expect(batches(gateway).count == 3 && creations(gateway) == 0)
    #expect(bench.waits.withLock { $0.contains(7) })
    #expect(bench.board.progress.bytesAcked == result.bytes && bench.board.progress.retries == 2)
  }

  @Test("a refused file is reported with the problem's code, and the others are taken")
  func refused() async throws {
    let bench = try bench()
    let gateway = FakeGateway(afterwards: { request, answer in
      guard request.path == "/files/batch" else { return }
      let object = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
      let changed = (object?["items"] as? [[String: Any]])?.map { item -> [String: Any] in
        guard item["path"] as? String == "small/3" else { return item }
        return [
          "path": "small/3", "status": "refused", "error": ["code": "bad-path", "detail": "not expected"],
        ]
      }
      answer = try .json(200, ["push": pushID.text, "items": changed ?? []])
    })
    #expect(try await bench.failures(gateway) == ["small/3": "not expected (bad-path)"])
    #expect(bench.board.progress.filesDone == 9)
    #expect(creations(gateway) == 0)
  }

  @Test("what a batch leaves open is settled alone; a wrong digest is never taken for the file")
  func outcomes() throws {
    let digest = SHA256Stream.digest(of: [1])
    func decide(_ members: String, step: ResumeStep = .send) throws -> BatchOutcome {
      let text = #"{"path":"a",\#(members)}"#
      let item = try JSONDecoder().decode(BatchAnswer.Item.self, from: Data(text.utf8))
      return BatchOutcome.decide(item, digest: digest, step: step)
    }
    let there = #""upload":"\#(uploadID)","digest":"\#(digest)""#
    #expect(try decide(#""status":"stored",\#(there)"#) == .done(uploadID))
    #expect(try decide(#""status":"exists",\#(there)"#) == .done(uploadID))
    #expect(
      try decide(#""status":"exists","upload":"/files/\#(uploadID)","digest":"\#(digest)""#)
        == .done(uploadID))
    let other = SHA256Stream.digest(of: [2])
    #expect(
      try decide(#""status":"stored","upload":"\#(uploadID)","digest":"\#(other)""#)
        == .alone(.resume(uploadID)))
    #expect(try decide(#""status":"stored","upload":"\#(uploadID)""#) == .alone(.resume(uploadID)))
    #expect(try decide(#""status":"stored""#) == .alone(.send))
    #expect(try decide(#""status":"later""#, step: .resume(uploadID)) == .alone(.resume(uploadID)))
    for code in ["path-conflict", "busy", "storage-full", "upload-rejected", "checksum-mismatch", "new"] {
      #expect(try decide(#""status":"refused","error":{"code":"\#(code)"}"#) == .alone(.send), "\(code)")
    }
    #expect(
      try decide(#""status":"refused","error":{"code":"bad-path","detail":"no"}"#) == .failed("no (bad-path)")
    )
    guard case .closed = try decide(#""status":"refused","error":{"code":"push-closed"}"#) else {
      Issue.record("a closed push takes nothing alone either")
      return
    }
    #expect(BatchOutcome.decide(nil, digest: digest, step: .send) == .alone(.send))
  }

  @Test("an answered digest that is not the file's makes the file be compared and sent again")
  func wrongDigest() async throws {
    let bench = try bench(5)
    let isDone = Locked(false)
    let gateway = FakeGateway(
      instead: { request in
        guard request.line == "POST /files/ID/verify", !isDone.withLock({ $0 }) else { return nil }
        isDone.withLock { $0 = true }
        return .problem("digest-mismatch", 409)
      },
      afterwards: { request, answer in
        guard request.path == "/files/batch" else { return }
        let right = SHA256Stream.digest(of: bench.content("small/2", 102)).hex
        let text = String(decoding: answer.body, as: UTF8.self)
        let wrong = SHA256Stream.digest(of: []).hex
        answer.body = Array(text.replacingOccurrences(of: right, with: wrong).utf8)
      })
    try await bench.push(to: gateway)
    #expect(gateway.files == (try bench.source))
    #expect(gateway.lines.filter { $0 == "DELETE /files/ID" }.count == 1)
    #expect(creations(gateway) == 1)
  }

  @Test(
    "a file that went away or changed since the scan spoils no frame: it alone fails or is sent as it is now")
  func changed() async throws {
    let bench = try bench()
    let files = try bench.scan()
    try FileManager.default.removeItem(atPath: bench.folder.child("source/small/1"))
    try bench.write("small/2", bytes: 5000)
    try bench.folder.write([UInt8](repeating: 7, count: 103), to: "source/small/3")
    try FileAttributes.restore(bench.folder.child("source/small/3"), mode: 0o644, modifiedNanoseconds: 5)
    let gateway = FakeGateway()
    let failed = try await bench.failures(gateway, files: files)
    #expect(Set(failed.keys) == ["small/1", "small/2"])
    #expect(failed["small/1"]?.isEmpty == false && failed["small/2"]?.contains("5000") == true)
    #expect(gateway.files.count == 8)
    #expect(gateway.files["small/3"] == [UInt8](repeating: 7, count: 103))
  }

  @Test("MUST-1 what an interrupted run had sent is recognized by digest and not sent again")
  func resumed() async throws {
    let bench = try bench(20)
    try bench.write("changes", bytes: 50)
    let seals = Locked(0)
    let gateway = FakeGateway { request in
      guard request.path.hasSuffix("/seal") else { return nil }
      let count = seals.withLock { count in
        count += 1
        return count
      }
      return count == 1 ? .problem("stop", 400) : nil
    }
    await #expect(throws: ClientError.self) { try await bench.push(to: gateway) }
    // As after kill -9 before the journal was written: it knows the push and no file.
    let bytes = try bench.folder.bytes(of: "state/k.json")
    var record = try JSONDecoder().decode(JournalRecord.self, from: Data(bytes))
    record.files = []
    try bench.folder.write(Array(try JSONEncoder().encode(record)), to: "state/k.json")
    try bench.folder.write([UInt8](repeating: 1, count: 50), to: "source/changes")
    let before = gateway.requests.count
    try await bench.push(to: gateway)
    #expect(gateway.files == (try bench.source))
    let since = gateway.lines[before...]
    #expect(!since.contains("POST /files/batch"))
    #expect(since.filter { $0 == "POST /files" }.count == 1)
    #expect(bench.board.progress.filesDone == 42)
  }

  @Test("a push that takes no more ends, and is not tried file by file")
  func closed() async throws {
    let bench = try bench()
    let gateway = FakeGateway { $0.path == "/files/batch" ? .problem("push-closed", 409) : nil }
    await #expect(throws: PushFailure.self) { try await bench.push(to: gateway) }
    #expect(creations(gateway) == 0 && batches(gateway).count == 1)
  }
}
