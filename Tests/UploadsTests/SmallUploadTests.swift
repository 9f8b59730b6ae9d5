import Blobs
import Catalog
import Foundation
import Platform
import Testing
import Uploads
import Vocabulary

@Suite struct SmallUploadTests {
  private let content = pattern(0..<1000)
  private var digest: Digest { SHA256Stream.digest(of: content) }

  private func whole() -> ScriptedBody { ScriptedBody([content], .clean) }

  private func create(
    _ fixture: EngineFixture, _ body: ScriptedBody, _ metadata: [String: String] = [:],
    contentLength: Int64? = nil, checksum: Checksum? = nil, on engine: UploadEngine? = nil
  ) async -> UploadOutcome {
    let pairs = metadata.map { UploadMetadata.Pair(key: $0.key, value: Array($0.value.utf8)) }
    let intent = CreateIntent(
      length: 1000, metadata: UploadMetadata(raw: nil, pairs: pairs), hasContent: true,
      contentLength: contentLength, checks: .checksum(checksum))
    return await (engine ?? fixture.engine).perform(.create(intent), body: body, client: nil)
  }

  private func wrongChecksum() throws -> Checksum {
    try #require(Checksum(algorithm: .sha1, bytes: [UInt8](repeating: 0, count: 20)))
  }

  private func extent(_ fixture: EngineFixture) async throws -> Extent? {
    let digest = digest
    return try await fixture.catalog.read { try $0.extents(of: [digest])[digest] }
  }

  private func uploads(_ fixture: EngineFixture) async throws -> [UploadRecord] {
    try await fixture.catalog.read { try $0.uploads(in: Set(UploadState.allCases), after: nil, limit: 10) }
  }

  /// Sizes of all packs.
  private func packs(_ fixture: EngineFixture) throws -> [Int] {
    try FileManager.default.contentsOfDirectory(atPath: fixture.layout.packs).map { name in
      try Data(contentsOf: URL(fileURLWithPath: "\(fixture.layout.packs)/\(name)")).count
    }
  }

  private var sizeWithContentOnce: Int { PackFormat.firstLine.count + PackFormat.headBytes + content.count }

  @Test("a small upload that comes whole lies in a pack, verified, and never has a partial file")
  func wholeAtOnce() async throws {
    let fixture = try EngineFixture(smallBytes: 1000)
    let id = try await fixture.create(1000)
    #expect(await fixture.append(id, at: 0, whole()).appendedOffset == 1000)
    let record = try await fixture.record(id)
    #expect(record.state == .verified)
    #expect(record.digest == digest)
    #expect(try await extent(fixture)?.length == 1000)
    #expect(try packs(fixture) == [sizeWithContentOnce])
    // Not even its folder was made.
    #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.layout.partials).isEmpty)
    let blob = try await fixture.engine.open(id).blob
    defer { blob.close() }
    #expect(try await blob.read(2000, at: 0) == content)
  }

  @Test("a small upload that comes in parts goes on from its offset, also after a restart")
  func parts() async throws {
    let fixture = try EngineFixture(smallBytes: 1000)
    let id = try await fixture.create(1000)
    let broken = ScriptedBody([pattern(0..<300)], .broken)
    #expect(await fixture.append(id, at: 0, broken).problem == .takenOver)
    #expect(try await fixture.offset(id) == 300)
    #expect(try await fixture.record(id).state == .receiving)
    #expect(await fixture.append(id, at: 300, pattern(300..<500)).appendedOffset == 500)
    let restarted = fixture.restarted()
    let rest = await restarted.perform(
      .append(id, AppendIntent(offset: 500)), body: ScriptedBody([pattern(500..<1000)], .clean), client: nil)
    #expect(rest.appendedOffset == 1000)
    let record = try await fixture.record(id)
    #expect(record.state == .verified)
    #expect(record.digest == digest)
    #expect(try packs(fixture).isEmpty)
  }

  @Test("T-51 small content with a wrong checksum is not stored; sent again it is")
  func checksum() async throws {
    let fixture = try EngineFixture(smallBytes: 1000)
    let id = try await fixture.create(1000)
    let wrong = try wrongChecksum()
    #expect(await fixture.append(id, at: 0, whole(), checksum: wrong).problem == .checksumMismatch)
    #expect(try await fixture.offset(id) == 0)
    #expect(await create(fixture, whole(), checksum: wrong).problem == .checksumMismatch)
    #expect(try await uploads(fixture).map(\.id) == [id])
    #expect(try packs(fixture).isEmpty)
    #expect(!FileManager.default.fileExists(atPath: fixture.partialPath(id)))
    #expect(await fixture.append(id, at: 0, whole()).appendedOffset == 1000)
  }

  @Test("small content with another digest than declared is rejected, and is no object")
  func wrongDigest() async throws {
    let fixture = try EngineFixture(smallBytes: 1000)
    let declared = ["sha256": String(repeating: "ab", count: 32)]
    let id = try await fixture.create(1000, declared)
    #expect(await fixture.append(id, at: 0, whole()).problem == .uploadRejected)
    #expect(await fixture.inspect(id).problem == .uploadRejected)
    #expect(await create(fixture, whole(), declared).problem == .uploadRejected)
    #expect(try packs(fixture).isEmpty)
    #expect(try await uploads(fixture).map(\.state) == [.rejected, .rejected])
    #expect(try await extent(fixture) == nil)
  }

  @Test("more bytes than a small upload has are refused with 413, and none of them is stored")
  func overlong() async throws {
    let fixture = try EngineFixture(smallBytes: 1000)
    let id = try await fixture.create(1000)
    func long() -> ScriptedBody { ScriptedBody([content, [1]], .clean) }
    #expect(await fixture.append(id, at: 0, long()).problem?.status == 413)
    #expect(await create(fixture, long()).problem?.status == 413)
    #expect(await create(fixture, long(), contentLength: 1001).problem?.status == 413)
    #expect(try await fixture.offset(id) == 0)
    #expect(try await uploads(fixture).map(\.id) == [id])
    #expect(try packs(fixture).isEmpty)
    #expect(!FileManager.default.fileExists(atPath: fixture.partialPath(id)))
    #expect(await fixture.append(id, at: 0, whole()).appendedOffset == 1000)
  }

  @Test("a small creation that breaks off leaves nothing: its client knows no URL to go on with")
  func interruptedCreation() async throws {
    let fixture = try EngineFixture(smallBytes: 1000)
    let broken = ScriptedBody([pattern(0..<300)], .broken)
    #expect(await create(fixture, broken, contentLength: 1000).problem == .takenOver)
    #expect(try await uploads(fixture).isEmpty)
    #expect(try packs(fixture).isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.layout.partials).isEmpty)
    #expect(try await fixture.catalog.read { try $0.lastEventSequence() } == 0)
  }

  @Test("nothing of a creation that is refused is stored in a pack")
  func refusedCreation() async throws {
    let fixture = try EngineFixture(smallBytes: 1000)
    let push = PushID.make(clock: fixture.clock, entropy: SystemEntropy())
    for _ in 0..<3 {
      let outcome = await create(
        fixture, whole(), ["push": push.text, "path": "a"], contentLength: 1000)
      #expect(outcome.problem == .notFound)
    }
    #expect(try packs(fixture).isEmpty)
    #expect(try await uploads(fixture).isEmpty)
  }

  @Test("equal small content is stored once, whoever sends it, also after a restart")
  func equalContent() async throws {
    let fixture = try EngineFixture(smallBytes: 1000)
    let restarted = fixture.restarted()
    for engine in [fixture.engine, fixture.engine, restarted] {
      guard case .created(let view, true) = await create(fixture, whole(), on: engine) else {
        Issue.record("not created")
        return
      }
      #expect(view.digest == digest)
      let id = try await fixture.create(1000)
      let outcome = await engine.perform(
        .append(id, AppendIntent(offset: 0)), body: whole(), client: nil)
      #expect(outcome.appendedOffset == 1000)
    }
    #expect(try await uploads(fixture).map(\.digest) == Array(repeating: digest, count: 6))
    #expect(try packs(fixture) == [sizeWithContentOnce])
  }

  /// holder:  takes all memory … stalls ──────────────── lets go
  /// others:                       received like any other      in a pack again
  @Test("without memory to spare small content is received like any other, and nobody waits for it")
  func memory() async throws {
    let fixture = try EngineFixture(smallBytes: 1000)
    let engine = fixture.limited { $0.bufferedBytes = 1000 }
    let slow = try await fixture.create(1000)
    let stalled = ScriptedBody([pattern(0..<10)], .stalled)
    async let holder = engine.perform(.append(slow, AppendIntent(offset: 0)), body: stalled, client: nil)
    await stalled.untilStalled()
    let id = try await fixture.create(1000)
    let outcome = await engine.perform(.append(id, AppendIntent(offset: 0)), body: whole(), client: nil)
    #expect(outcome.appendedOffset == 1000)
    guard case .created(let view, true) = await create(fixture, whole(), on: engine) else {
      Issue.record("not created")
      return
    }
    #expect(view.digest == digest)
    #expect(try packs(fixture).isEmpty)
    stalled.interrupt()
    #expect(await holder.problem == .takenOver)
    _ = await create(fixture, whole(), on: engine)
    #expect(try packs(fixture) == [sizeWithContentOnce])
  }
}
