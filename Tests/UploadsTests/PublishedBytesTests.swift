import Blobs
import Catalog
import Platform
import Pushes
import Testing
import Uploads
import Vocabulary

/// Regressions: each is a way in which acknowledged or published bytes were once in danger.
@Suite struct PublishedBytesTests {
  private func checksum(of bytes: [UInt8]) throws -> Checksum {
    let stream = ChecksumStream(.sha1)
    stream.update(bytes)
    return try #require(Checksum(algorithm: .sha1, bytes: stream.finish()))
  }

  @Test(
    "MUST-2 no object is ever cut: the mark of a checksummed chunk leaves the row before the file is published"
  )
  func markLeavesFirst() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    let seen = Locked<[Int64?]>([])
    let blobs = SpyingStore(
      base: fixture.blobs,
      beforePublishing: { [catalog = fixture.catalog] in
        let mark = try? await catalog.read { try $0.upload(id)?.unverifiedFrom }
        seen.withLock { $0.append(mark ?? nil) }
      })
    let engine = fixture.restarted(blobs: blobs)
    let bytes = pattern(0..<100)
    let outcome = await engine.perform(
      .append(id, AppendIntent(offset: 0, checks: .checksum(try checksum(of: bytes)))),
      body: ScriptedBody([bytes], .clean),
      client: nil)
    #expect(outcome.appendedOffset == 100)
    #expect(seen.withLock { $0 } == [nil])
  }

  @Test("R-2 MUST-1 the offset that goes with a refusal is synced before it is told")
  func refusedOffsetIsDurable() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    _ = await fixture.append(id, at: 0, pattern(0..<10))
    let syncs = Locked(0)
    let engine = fixture.restarted(
      blobs: SpyingStore(base: fixture.blobs, onSync: { syncs.withLock { $0 += 1 } }))
    let outcome = await engine.perform(
      .append(id, AppendIntent(offset: 5)), body: ScriptedBody([[1]], .clean), client: nil)
    guard case .refused(let error, let view) = outcome else {
      Issue.record("not refused")
      return
    }
    #expect(error.problem == .offsetMismatch)
    #expect(view?.offset == 10)
    #expect(syncs.withLock { $0 } >= 1)
  }

  @Test("MUST-2 a partial file that is published already cannot be cut")
  func publishedIsNotCut() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    _ = await fixture.append(id, at: 0, pattern(0..<50))
    try await fixture.blobs.publishPartial(id, as: SHA256Stream.digest(of: pattern(0..<50)))
    let partial = try await fixture.blobs.openPartial(id, hashState: nil, urgency: .atOnce)
    await #expect(throws: BlobError.self) { try await partial.truncate(to: 10) }
  }

  @Test("T-21 a length stated late that is not the one the push was opened with is refused")
  func lateLength() async throws {
    let fixture = try EngineFixture()
    let push = try await OpenPush(fixture, files: ["a": 100])
    let id = try await fixture.create(nil, ["push": push.id.text, "path": "a"])
    let outcome = await fixture.engine.perform(
      .append(id, AppendIntent(offset: 0, length: 50)), body: ScriptedBody([pattern(0..<50)], .clean),
      client: nil)
    #expect(outcome.problem == .inconsistentLength)
    #expect(try await fixture.record(id).state == .created)
  }

  @Test("a creation that is refused leaves the unfinished upload at its path alone")
  func refusedCreation() async throws {
    let fixture = try EngineFixture()
    let push = try await OpenPush(fixture, files: ["a": 100])
    let id = try await fixture.create(100, ["push": push.id.text, "path": "a"])
    _ = await fixture.append(id, at: 0, pattern(0..<60))
    await #expect(throws: EngineFixture.Unexpected.self) {
      try await fixture.create(99, ["push": push.id.text, "path": "a"])
    }
    #expect(try await fixture.offset(id) == 60)
  }

  @Test("MUST-6 what is finished after its push has ended is let go, and holds no object")
  func finishedTooLate() async throws {
    for state in [PushState.cancelled, .expired] {
      let fixture = try EngineFixture()
      let push = try await OpenPush(fixture, files: nil)
      let id = try await fixture.create(10, ["push": push.id.text, "path": "a"])
      try await fixture.catalog.write { transaction in
        guard var record = try transaction.push(push.id) else { return }
        record.state = state
        try transaction.update(record)
      }
      _ = await fixture.append(id, at: 0, pattern(0..<10))
      let steps = try await fixture.catalog.read { try $0.plannedSteps(after: 0, limit: 9) }
      #expect(steps.map(\.kind) == [.releaseUploads] && steps.map(\.subject) == [push.id.text])
    }
  }

  /// holder:   all 10 bytes … stalls       ← asked to yield, and is complete: verified
  /// newcomer:                 POST ─ waits ────────────────────────────────────── refused
  @Test("a creation does not replace an upload that turns out to be complete when it lets go")
  func completedInBetween() async throws {
    let fixture = try EngineFixture()
    let push = try await OpenPush(fixture, files: nil)
    let id = try await fixture.create(10, ["push": push.id.text, "path": "a"])
    let body = ScriptedBody([pattern(0..<10)], .stalled)
    async let stalled = fixture.append(id, at: 0, body)
    await body.untilStalled()
    await #expect(throws: EngineFixture.Unexpected.self) {
      try await fixture.create(10, ["push": push.id.text, "path": "a"])
    }
    _ = await stalled
    #expect(try await fixture.record(id).state == .verified)
    #expect(try await fixture.catalog.read { try $0.pushProgress(push.id) }.total == 1)
  }

  @Test("twenty identical creations at once are one upload")
  func parallelCreations() async throws {
    let fixture = try EngineFixture()
    let push = try await OpenPush(fixture, files: nil)
    let metadata = ["push": push.id.text, "path": "a", "mtime": "1700000000"]
    let ids = try await withThrowingTaskGroup(of: UploadID.self) { group in
      for _ in 0..<20 { group.addTask { try await fixture.create(10, metadata) } }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(ids.count == 1)
  }

  @Test("bytes that arrive keep their push alive")
  func touchedPush() async throws {
    let fixture = try EngineFixture()
    let push = try await OpenPush(fixture, files: nil)
    let id = try await fixture.create(100, ["push": push.id.text, "path": "a"])
    fixture.clock.advance(seconds: 4900)
    _ = await fixture.append(id, at: 0, pattern(0..<10))
    let stored = try await fixture.catalog.read { try $0.push(push.id) }
    #expect(stored?.expiresAt == fixture.clock.now().adding(seconds: 5000))
  }
}

/// An open push in repo `r`.
private struct OpenPush {
  let id: PushID

  init(_ fixture: EngineFixture, files: [String: Int64]?) async throws {
    let register = PushRegister(
      catalog: fixture.catalog, clock: fixture.clock, entropy: SystemEntropy(), expirySeconds: 5000,
      wakeScheduler: {})
    let expected = try files?.map { ExpectedFile(path: try BundlePath($0.key), size: $0.value, digest: nil) }
    id = try await register.open(PushRequest(repo: try RepoName("r"), message: "m", files: expected)).id
  }
}

/// Tells of every publication before it is made, and of every sync of a partial file.
private struct SpyingStore: BlobStore {
  let base: DiskBlobStore
  var onSync: @Sendable () -> Void = {}
  var beforePublishing: @Sendable () async -> Void = {}

  func publishPartial(_ id: UploadID, as digest: Digest) async throws(BlobError) -> Bool {
    await beforePublishing()
    return try await base.publishPartial(id, as: digest)
  }
  func packedContents(_ digests: [Digest]) async throws(BlobError) -> [Digest: [UInt8]] {
    try await base.packedContents(digests)
  }
  func createPartial(_ id: UploadID, urgency: HashUrgency) async throws(BlobError) -> any PartialBlob {
    SpyingPartial(base: try await base.createPartial(id, urgency: urgency), onSync: onSync)
  }
  func openPartial(
    _ id: UploadID, hashState: [UInt8]?, urgency: HashUrgency
  ) async throws(BlobError) -> any PartialBlob {
    SpyingPartial(
      base: try await base.openPartial(id, hashState: hashState, urgency: urgency), onSync: onSync)
  }
  func readPartial(_ id: UploadID) async throws(BlobError) -> any BlobReader {
    try await base.readPartial(id)
  }
  func partialSize(_ id: UploadID) async throws(BlobError) -> Int64? { try await base.partialSize(id) }
  func removePartial(_ id: UploadID) async throws(BlobError) { try await base.removePartial(id) }
  func partialIDs() async throws(BlobError) -> [UploadID] { try await base.partialIDs() }
  func openObject(_ digest: Digest) async throws(BlobError) -> any BlobReader {
    try await base.openObject(digest)
  }
  func putSmall(_ content: [UInt8], digest: Digest) async throws(BlobError) -> Extent {
    try await base.putSmall(content, digest: digest)
  }
  func objectSizes(_ digests: [Digest]) async throws(BlobError) -> [Digest: Int64] {
    try await base.objectSizes(digests)
  }
  func makeObject() async throws(BlobError) -> any ObjectWriter { try await base.makeObject() }
  func hold(_ digests: [Digest]) async -> BlobHold { await base.hold(digests) }
  func makeIntake() async throws(BlobError) -> any ObjectIntake { try await base.makeIntake() }
  func putDescriptor(_ bytes: [UInt8], name: String, folder: RepoName) async throws(BlobError) {
    try await base.putDescriptor(bytes, name: name, folder: folder)
  }
  func removeDescriptor(name: String, folder: RepoName) async throws(BlobError) {
    try await base.removeDescriptor(name: name, folder: folder)
  }
  func descriptorNames(folder: RepoName) async throws(BlobError) -> [String] {
    try await base.descriptorNames(folder: folder)
  }
  var counters: StorageCounters { base.counters }
  func space() async throws(BlobError) -> (free: Int64, total: Int64) { try await base.space() }
}

private final class SpyingPartial: PartialBlob {
  private let base: any PartialBlob
  private let onSync: @Sendable () -> Void

  init(base: any PartialBlob, onSync: @escaping @Sendable () -> Void) {
    self.base = base
    self.onSync = onSync
  }
  var size: Int64 { base.size }
  var hash: (state: [UInt8], byteCount: Int64) { base.hash }
  func append(_ chunk: any ByteChunk, isStaged: Bool) throws(BlobError) {
    try base.append(chunk, isStaged: isStaged)
  }
  func append(contentsOf reader: any BlobReader, isStopped: @escaping @Sendable () -> Bool)
    async throws(BlobError)
  {
    try await base.append(contentsOf: reader, isStopped: isStopped)
  }
  var durableSize: Int64 { base.durableSize }
  func checkpoint() { base.checkpoint() }
  func truncate(to size: Int64) async throws(BlobError) { try await base.truncate(to: size) }
  func sync() async throws(BlobError) {
    onSync()
    try await base.sync()
  }
  func digest() async throws(BlobError) -> Digest { try await base.digest() }
  func close() { base.close() }
}
