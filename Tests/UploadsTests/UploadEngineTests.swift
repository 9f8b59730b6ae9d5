import Blobs
import Catalog
import Foundation
import Platform
import Testing
import Uploads
import Vocabulary

@Suite struct UploadEngineTests {
  @Test("T-11 the answer's offset is what a following HEAD says")
  func offsets() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    #expect(await fixture.append(id, at: 0, pattern(0..<60)).appendedOffset == 60)
    #expect(try await fixture.offset(id) == 60)
    #expect(try await fixture.record(id).state == .receiving)
  }

  @Test("T-13 an interrupted append keeps every byte that arrived")
  func interrupted() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    let outcome = await fixture.append(id, at: 0, ScriptedBody([pattern(0..<10), pattern(10..<33)], .broken))
    #expect(outcome.problem == .takenOver)
    #expect(try await fixture.offset(id) == 33)
    #expect(await fixture.append(id, at: 33, pattern(33..<100)).appendedOffset == 100)
    #expect(try await fixture.record(id).digest == SHA256Stream.digest(of: pattern(0..<100)))
  }

  @Test("T-16 an upload of length 0 is complete at creation")
  func emptyUpload() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(0)
    let record = try await fixture.record(id)
    #expect(record.state == .verified)
    #expect(record.digest == SHA256Stream.digest(of: [UInt8]()))
  }

  @Test("a complete upload without a push gets one in inbox, queued, in the same transaction")
  func inbox() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(3, ["filename": "a.txt"])
    _ = await fixture.append(id, at: 0, [1, 2, 3])
    let record = try await fixture.record(id)
    let push = try #require(record.push)
    let stored = try await fixture.catalog.read { try $0.push(push) }
    #expect(stored?.state == .queued)
    #expect(stored?.repo == .inbox)
  }

  @Test(
    "MUST-2 a verified file is an object whose name is its digest, read-only, and its partial file is gone")
  func object() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    _ = await fixture.append(id, at: 0, pattern(0..<100))
    let digest = SHA256Stream.digest(of: pattern(0..<100)).hex
    let path = "\(fixture.root)/objects/\(digest.prefix(2))/\(digest)"
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(pattern(0..<100)))
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o444)
    #expect(!FileManager.default.fileExists(atPath: fixture.partialPath(id)))
  }

  @Test("T-51 a chunk with a wrong checksum leaves offset and file as they were")
  func wrongChecksum() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    _ = await fixture.append(id, at: 0, pattern(0..<10))
    let wrong = try #require(Checksum(algorithm: .md5, bytes: Array(repeating: 1, count: 16)))
    #expect(await fixture.append(id, at: 10, pattern(10..<50), checksum: wrong).problem == .checksumMismatch)
    #expect(try await fixture.offset(id) == 10)
    #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.partialPath(id))).count == 10)
    let stream = ChecksumStream(.md5)
    stream.update(pattern(10..<100))
    let right = try #require(Checksum(algorithm: .md5, bytes: stream.finish()))
    #expect(await fixture.append(id, at: 10, pattern(10..<100), checksum: right).appendedOffset == 100)
    #expect(try await fixture.record(id).digest == SHA256Stream.digest(of: pattern(0..<100)))
  }

  @Test("T-52 a checksummed chunk that breaks off is discarded, on disk too")
  func brokenChecksum() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    let checksum = try #require(Checksum(algorithm: .crc32, bytes: [0, 0, 0, 0]))
    _ = await fixture.append(id, at: 0, ScriptedBody([pattern(0..<40)], .broken), checksum: checksum)
    #expect(try await fixture.offset(id) == 0)
    #expect(try await fixture.record(id).unverifiedFrom == nil)
  }

  @Test("T-52 what a crash left of a checksummed chunk is cut off at the next start")
  func crashedChecksum() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    _ = await fixture.append(id, at: 0, pattern(0..<10))
    try await fixture.catalog.write { transaction in
      var record = try #require(try transaction.upload(id))
      record.unverifiedFrom = 10
      try transaction.update(record)
    }
    let file = try #require(FileHandle(forWritingAtPath: fixture.partialPath(id)))
    try file.seekToEnd()
    try file.write(contentsOf: Data(pattern(0..<7)))
    try file.close()
    let restarted = fixture.restarted()
    #expect(try await restarted.status(id).offset == 10)
    try await restarted.recover()
    #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.partialPath(id))).count == 10)
    #expect(try await fixture.offset(id) == 10)
  }

  /// holder:   append … stalls            ← asked to yield, keeps 40, lets go
  /// newcomer:               HEAD ─ waits ─────────────────────────────────── 40
  @Test("a newer HEAD takes over from a stalled append and is told every byte that arrived")
  func takeover() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    let body = ScriptedBody([pattern(0..<40)], .stalled)
    async let stalled = fixture.append(id, at: 0, body)
    await body.untilStalled()
    #expect(try await fixture.offset(id) == 40)
    #expect(await stalled.problem == .takenOver)
  }

  @Test("T-62 DELETE interrupts a running append, and nothing brings the upload back")
  func deleteWhileAppending() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    let body = ScriptedBody([pattern(0..<40)], .stalled)
    async let stalled = fixture.append(id, at: 0, body)
    await body.untilStalled()
    guard case .terminated = await fixture.engine.perform(.terminate(id), body: nil, client: nil) else {
      Issue.record("not terminated")
      return
    }
    _ = await stalled
    #expect(await fixture.inspect(id).problem == .gone)
    #expect(await fixture.append(id, at: 40, [1]).problem == .gone)
    #expect(!FileManager.default.fileExists(atPath: fixture.partialPath(id)))
  }

  @Test("T-60 DELETE works on unfinished and finished uploads, and once only")
  func delete() async throws {
    let fixture = try EngineFixture()
    for bytes in [0, 50, 100] {
      let id = try await fixture.create(100, ["path": "f\(bytes)"])
      if bytes > 0 { _ = await fixture.append(id, at: 0, pattern(0..<bytes)) }
      let outcome = await fixture.engine.perform(.terminate(id), body: nil, client: nil)
      if bytes == 100 {
        // Its inbox push is sealed: the file is on its way into a bundle.
        #expect(outcome.problem == .pushClosed)
        try await fixture.commitPush(of: id)
        let late = await fixture.engine.perform(.terminate(id), body: nil, client: nil)
        #expect(late.problem == .pushClosed)
        #expect(try await fixture.record(id).state == .committed)
      } else {
        guard case .terminated = outcome else {
          Issue.record("not terminated at \(bytes)")
          continue
        }
        #expect(await fixture.engine.perform(.terminate(id), body: nil, client: nil).problem == .gone)
      }
    }
  }

  @Test("T-63 a row without its bytes is a reported fault, never an empty upload (MUST-5)")
  func missingBytes() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    _ = await fixture.append(id, at: 0, pattern(0..<10))
    try FileManager.default.removeItem(atPath: fixture.partialPath(id))
    let restarted = fixture.restarted()
    #expect(await restarted.perform(.inspect(id), body: nil, client: nil).problem == .storageFault)
    let body = ScriptedBody([[1]], .clean)
    let outcome = await restarted.perform(.append(id, AppendIntent(offset: 10)), body: body, client: nil)
    #expect(outcome.problem == .storageFault)
    let faults = try await fixture.catalog.read { try $0.recentEvents(kinds: [.storageFault], limit: 10) }
    #expect(faults.count == 2)
    guard case .terminated = await restarted.perform(.terminate(id), body: nil, client: nil) else {
      Issue.record("an upload without bytes cannot be deleted")
      return
    }
  }

  @Test(
    "T-41 every stored byte renews the lifetime; T-43 only unfinished uploads expire; T-42 an expired one is gone"
  )
  func expiry() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    let finished = try await fixture.create(1)
    _ = await fixture.append(finished, at: 0, [1])
    fixture.clock.advance(seconds: 900)
    _ = await fixture.append(id, at: 0, pattern(0..<10))
    fixture.clock.advance(seconds: 900)
    try await fixture.engine.expire(id)
    #expect(try await fixture.offset(id) == 10)
    fixture.clock.advance(seconds: 101)
    let expired = try await fixture.catalog.read { [now = fixture.clock.now()] in
      try $0.expiredUploads(at: now, limit: 10)
    }
    #expect(expired == [id])
    try await fixture.engine.expire(id)
    #expect(await fixture.inspect(id).problem == .gone)
    #expect(try await fixture.record(finished).state == .verified)
  }

  @Test("T-41 an upload that a request is writing to does not expire")
  func expiryWhileWriting() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    let body = ScriptedBody([pattern(0..<10)], .stalled)
    async let stalled = fixture.append(id, at: 0, body)
    await body.untilStalled()
    fixture.clock.advance(seconds: 2000)
    try await fixture.engine.expire(id)
    #expect(try await fixture.offset(id) == 10)
    _ = await stalled
  }

  @Test("T-25 an upload whose creation broke off lives shortly, until somebody comes back to it")
  func orphan() async throws {
    let fixture = try EngineFixture()
    let intent = CreateIntent(length: 100, hasContent: true)
    let outcome = await fixture.engine.perform(
      .create(intent), body: ScriptedBody([pattern(0..<10)], .broken), client: nil)
    #expect(outcome.problem == .takenOver)
    let id = try #require(
      try await fixture.catalog.read { try $0.uploads(in: [.receiving], after: nil, limit: 2) }.first?.id)
    #expect(try await fixture.record(id).expiresAt == fixture.clock.now().adding(seconds: 10))
    _ = try await fixture.offset(id)
    #expect(try await fixture.record(id).expiresAt == fixture.clock.now().adding(seconds: 1000))
  }

  @Test("a declared digest that does not match makes the upload rejected, for good")
  func rejected() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(3, ["sha256": String(repeating: "ab", count: 32)])
    #expect(await fixture.append(id, at: 0, [1, 2, 3]).problem == .uploadRejected)
    #expect(await fixture.inspect(id).problem == .uploadRejected)
    let record = try await fixture.record(id)
    #expect(record.state == .rejected)
    #expect(record.push == nil)
    #expect(record.reason?.contains(SHA256Stream.digest(of: [1, 2, 3] as [UInt8]).hex) == true)
  }

  @Test(
    "MUST-4 after a restart the offset is the file's size and the hash goes on from its saved state, or anew",
    arguments: [true, false])
  func restart(hasHashState: Bool) async throws {
    let first = try EngineFixture()
    let id = try await first.create(100)
    _ = await first.append(id, at: 0, pattern(0..<64))
    if !hasHashState {
      try await first.catalog.write { transaction in
        var record = try #require(try transaction.upload(id))
        record.hashState = nil
        try transaction.update(record)
      }
    }
    let engine = first.restarted()
    try await engine.recover()
    let outcome = await engine.perform(
      .append(id, AppendIntent(offset: 64)), body: ScriptedBody([pattern(64..<100)], .clean), client: nil)
    #expect(outcome.appendedOffset == 100)
    #expect(try await first.record(id).digest == SHA256Stream.digest(of: pattern(0..<100)))
  }

  @Test("a crash between the last byte and its answer still completes the upload, at the next start")
  func completeAtRecovery() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(10)
    let path = fixture.partialPath(id)
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(pattern(0..<10)).write(to: URL(fileURLWithPath: path))
    try await fixture.engine.recover()
    #expect(try await fixture.record(id).state == .verified)
  }

  @Test("draining refuses what is new, and a running append keeps what it has")
  func drain() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    let body = ScriptedBody([pattern(0..<40)], .stalled)
    async let stalled = fixture.append(id, at: 0, body)
    await body.untilStalled()
    fixture.engine.drain()
    #expect(await stalled.problem == .draining)
    #expect(await fixture.append(id, at: 40, [1]).problem == .draining)
    #expect(try await fixture.engine.status(id).offset == 40)
  }
}

@Suite struct RepeatedCreationTests {
  private func pushed(_ fixture: EngineFixture) async throws -> String {
    let id = PushID.make(clock: fixture.clock, entropy: SystemEntropy())
    let now = fixture.clock.now()
    let repo = try RepoName("r")
    try await fixture.catalog.write { transaction in
      try transaction.ensureRepo(repo, description: nil, at: now)
      try transaction.insert(
        PushRecord(
          id: id, state: .open, origin: .client, repo: repo, message: "m", label: nil, author: nil,
          sealWhenComplete: false, createdAt: now, expiresAt: nil), expecting: [])
    }
    return id.text
  }

  @Test("the same creation again, after its answer was lost, is the same upload")
  func sameAgain() async throws {
    let fixture = try EngineFixture()
    let metadata = ["push": try await pushed(fixture), "path": "a", "mtime": "1700000000"]
    let first = try await fixture.create(10, metadata)
    _ = await fixture.append(first, at: 0, pattern(0..<4))
    #expect(try await fixture.create(10, metadata) == first)
    #expect(try await fixture.offset(first) == 4)
    _ = await fixture.append(first, at: 4, pattern(4..<10))
    #expect(try await fixture.create(10, metadata) == first)
  }

  @Test(
    "another file at the path of an unfinished upload replaces it, at that of a finished one it is refused")
  func another() async throws {
    let fixture = try EngineFixture()
    let push = try await pushed(fixture)
    let first = try await fixture.create(10, ["push": push, "path": "a"])
    let second = try await fixture.create(10, ["push": push, "path": "a"])
    #expect(first != second)
    #expect(await fixture.inspect(first).problem == .gone)
    _ = await fixture.append(second, at: 0, pattern(0..<10))
    let third = await fixture.engine.perform(
      .create(
        CreateIntent(
          length: 10,
          metadata: UploadMetadata(
            raw: nil, pairs: [.init(key: "push", value: Array(push.utf8)), .init(key: "path", value: [97])]))),
      body: nil, client: nil)
    #expect(third.problem == .pathConflict)
  }
}
