import Blobs
import Bundles
import Catalog
import CatalogSQLite
import Platform
import TestSupport
import Testing
import Vocabulary

/// D41: what goes, what stays, and what stays when something comes in between.
@Suite struct CollectorTests {
  private let fixture: CommitFixture
  private let store: DiskBlobStore
  private let films: RepoName
  private let inFlight = BundlesInFlight()

  init() throws {
    fixture = try CommitFixture()
    store = fixture.store(index: FixtureIndex(catalog: fixture.catalog))
    films = try RepoName("films")
  }

  private var collector: Collector { Collector(catalog: fixture.catalog, blobs: store, inFlight: inFlight) }
  private var repos: RepoRegister { RepoRegister(catalog: fixture.catalog, clock: fixture.clock) }

  @discardableResult private func collect(isDryRun: Bool = false) async throws -> CollectionReport {
    try await collector.run(isDryRun: isDryRun) { _ in }
  }

  @discardableResult private func commit(_ contents: [String: String]) async throws -> BundleRecord {
    let (push, bundle, _) = try await fixture.admit(contents, repo: films)
    try await fixture.committer(blobs: store).commit(push)
    return try #require(try await fixture.catalog.read { try $0.bundle(bundle) })
  }

  private func isStored(_ text: String) async throws -> Bool { try await isStored(digest(text)) }
  private func isStored(_ digest: Digest) async throws -> Bool {
    try await !store.objectSizes([digest]).isEmpty
  }
  private func digest(_ text: String) -> Digest { SHA256Stream.digest(of: Array(text.utf8)) }

  /// Puts a small content into a pack, with its extent.
  private func pack(_ text: String) async throws {
    let digest = digest(text)
    let extent = try await store.putSmall(Array(text.utf8), digest: digest)
    try await fixture.catalog.write { try $0.insert(extent, of: digest) }
  }

  @Test("D41 what only a deleted bundle had goes, with its manifest; what another bundle has stays")
  func deleted() async throws {
    let first = try await commit(["a": "one", "b": "shared"])
    let second = try await commit(["a": "two", "b": "shared"])
    #expect(try await collect().removedObjects == 0)
    _ = try await repos.deleteBundle(first.id.text, of: films, by: nil)
    let plan = try await collect(isDryRun: true)
    #expect(plan.removedObjects == 2 && plan.removedBytes > 3)
    #expect(try await isStored("one"))
    #expect(try await collect() == plan)
    #expect(try await !isStored("one"))
    #expect(try await !isStored(first.digest))
    let report = try await BundleCheck(blobs: store).run(second, isDeep: true)
    #expect(report.flaws == [])
    #expect(try await collect().removedObjects == 0)
  }

  @Test(
    "MUST-6 verified files of an open push stay; those of a cancelled or expired one go and are told to be gone"
  )
  func pushes() async throws {
    let open = PushRecord.sample(fixture.id(), .open, repo: films)
    let cancelled = PushRecord.sample(fixture.id(), .cancelled, repo: films)
    var uploads: [UploadRecord] = []
    for (push, text) in [(open, "kept"), (cancelled, "lost")] {
      uploads.append(
        .sample(
          fixture.id(), .verified, push: push.id, path: try BundlePath("f"), length: 4,
          digest: try await fixture.store(Array(text.utf8))))
    }
    let records = uploads
    try await fixture.catalog.write { transaction in
      for push in [open, cancelled] { try transaction.insert(push, expecting: []) }
      for upload in records { try transaction.insert(upload) }
      try transaction.plan(.releaseUploads, cancelled.id.text)
    }
    #expect(try await collect().removedObjects == 1)
    #expect(try await isStored("kept"))
    #expect(try await !isStored("lost"))
    let state = try await fixture.catalog.read { try $0.upload(records[1].id)?.state }
    #expect(state == .expired)
  }

  @Test("MUST-6 a bundle that is being sent keeps its objects, also when it is deleted meanwhile")
  func inFlightBundle() async throws {
    let first = try await commit(["a": "one"])
    try await commit(["a": "two"])
    var sending: BundleInFlight? = inFlight.begin(first.digest)
    _ = try await repos.deleteBundle(first.id.text, of: films, by: nil)
    #expect(try await collect().removedObjects == 0)
    #expect(sending != nil)
    sending = nil
    #expect(try await collect().removedObjects == 2)
  }

  @Test("MUST-6 content that is verified during a collection stays, whether before or after the look at it")
  func verifiedMeanwhile() async throws {
    for step in ["mark", "objects", "extents"] {
      let text = "late \(step)"
      let digest = try await fixture.store(Array(text.utf8))
      let packed = "packed \(step)"
      try await pack(packed)
      let push = PushRecord.sample(fixture.id(), .open, repo: films)
      let uploads = [
        UploadRecord.sample(
          fixture.id(), .verified, push: push.id, path: try BundlePath("a"), length: 4, digest: digest),
        UploadRecord.sample(
          fixture.id(), .verified, push: push.id, path: try BundlePath("b"), length: 4,
          digest: self.digest(packed)),
      ]
      // After the files were looked at, the row of one comes only from somebody who holds it.
      let hold = step == "extents" ? await store.hold([digest]) : nil
      let insertion = Locked(false)
      let (catalog, clock) = (fixture.sqlite, fixture.clock)
      // The rows come while the collection is at that step, as those of an upload that dedupes would.
      _ = try await collector.run(isDryRun: false) { report in
        guard report.phase.rawValue == step,
          insertion.withLock({ done in
            defer { done = true }
            return !done
          })
        else { return }
        try? catalog.writeNow { transaction in
          try transaction.insert(push, expecting: [])
          for upload in uploads {
            try transaction.insert(upload)
            try transaction.record(
              NewEvent(at: clock.now(), kind: .uploadVerified, subject: upload.id.text))
          }
        }
      }
      #expect(try await isStored(text), "\(step)")
      #expect(try await isStored(packed), "\(step)")
      withExtendedLifetime(hold) {}
      #expect(insertion.withLock { $0 }, "\(step)")
    }
  }

  @Test("MUST-6 what is held is not removed, and who wants to hold what is being removed waits for it")
  func held() async throws {
    let digest = try await fixture.store(Array("held".utf8))
    var hold: BlobHold? = await store.hold([digest])
    try await collect()
    #expect(try await isStored(digest))
    #expect(hold != nil)
    hold = nil
    let order = Locked<[String]>([])
    let store = store
    try await store.withUnheld([digest]) { free in
      #expect(free == [digest])
      Task {
        let hold = await store.hold([digest])
        order.withLock { $0.append("held") }
        withExtendedLifetime(hold) {}
      }
      for _ in 1...50 { await Task.yield() }
      order.withLock { $0.append("removed") }
    }
    while order.withLock({ $0.count }) < 2 { await Task.yield() }
    #expect(order.withLock { $0 } == ["removed", "held"])
  }

  @Test("a partial file that is published keeps its object until the partial is removed")
  func published() async throws {
    let id: UploadID = fixture.id()
    let text = "published"
    let partial = try await store.createPartial(id, urgency: .atOnce)
    try partial.append(Array(text.utf8), isStaged: false)
    try await partial.sync()
    partial.close()
    try await store.publishPartial(id, as: digest(text))
    try await collect()
    #expect(try await isStored(text))
    try await store.removePartial(id)
    try await collect()
    #expect(try await !isStored(text))
  }

  @Test("D41 a pack that is mostly dead is rewritten and goes; its live contents are read as before")
  func packs() async throws {
    for number in 1...20 { try await pack("content \(number) " + String(repeating: "x", count: 500)) }
    let alive = [3, 17].map { "content \($0) " + String(repeating: "x", count: 500) }
    let push = PushRecord.sample(fixture.id(), .open, repo: films)
    var uploads: [UploadRecord] = []
    for (index, text) in alive.enumerated() {
      uploads.append(
        .sample(
          fixture.id(), .verified, push: push.id, path: try BundlePath("\(index)"),
          length: Int64(text.utf8.count), digest: digest(text)))
    }
    let records = uploads
    try await fixture.catalog.write { transaction in
      try transaction.insert(push, expecting: [])
      for upload in records { try transaction.insert(upload) }
    }
    // The pack still grows: its dead contents are forgotten, but it stays.
    let first = try await collect()
    #expect(first.removedObjects == 18 && first.rewrittenPacks == 0)
    let before = try fixture.temporary.files().filter { $0.hasPrefix("packs/") }
    #expect(before.count == 1)
    // As after a restart, when no pack of an earlier process grows any more.
    let restarted = fixture.store(index: FixtureIndex(catalog: fixture.catalog))
    let report = try await Collector(catalog: fixture.catalog, blobs: restarted, inFlight: inFlight)
      .run(isDryRun: false) { _ in }
    #expect(report.rewrittenPacks == 1 && report.reclaimedPackBytes > 18 * 500)
    let after = try fixture.temporary.files().filter { $0.hasPrefix("packs/") }
    #expect(after.count == 1 && after != before)
    for text in alive {
      let object = try await restarted.openObject(digest(text))
      #expect(try await object.read(1000, at: 0) == Array(text.utf8))
      object.close()
    }
  }

  @Test("a manifest that is damaged or missing stops the collection before anything is removed")
  func damaged() async throws {
    let first = try await commit(["a": "one"])
    let second = try await commit(["a": "two"])
    _ = try await repos.deleteBundle(first.id.text, of: films, by: nil)
    let path = "objects/\(second.digest.hex.prefix(2))/\(second.digest.hex)"
    var bytes = try fixture.temporary.bytes(of: path)
    bytes[bytes.count - 20] ^= 1
    try LinuxFileSystem().remove(fixture.temporary.child(path))
    try fixture.temporary.write(bytes, to: path)
    await #expect(throws: (any Error).self) { try await collect() }
    #expect(try await isStored("one"))
    try LinuxFileSystem().remove(fixture.temporary.child(path))
    await #expect(throws: (any Error).self) { try await collect() }
    #expect(try await isStored("one"))
  }

  @Test("a collection that ends at any file call loses nothing, and the next one does the rest")
  func interrupted() async throws {
    let kept = try await commit(["a": "kept", "b": "also"])
    for number in 1...3 { try await pack("small \(number)") }
    let gone = try await commit(["a": "gone 1", "b": "gone 2", "c": "gone 3"])
    _ = try await repos.deleteBundle(gone.id.text, of: films, by: nil)
    var call = 1
    while true {
      fixture.files.fail(call: call, isLasting: true)
      let result = try? await collect()
      let wasHit = fixture.files.wasHit
      fixture.files.heal()
      #expect(try await BundleCheck(blobs: store).run(kept, isDeep: true).flaws == [], "call \(call)")
      if !wasHit {
        #expect(result != nil)
        break
      }
      call += 7
    }
    for text in ["gone 1", "gone 2", "gone 3"] { #expect(try await !isStored(text)) }
    #expect(try await collect().removedObjects == 0)
  }

  @Test("a path that looks like the end of a line does not hide its entry's digest")
  func misleadingPath() async throws {
    let digest = String(repeating: "a", count: 64)
    let path = "x\",\"size\":1,\"sha256\":\"\(digest)\",\"mode\":null,\"mtimeMilliseconds\":null}"
    let bundle = try await commit([path: "content", "y": "other"])
    try await collect()
    #expect(try await BundleCheck(blobs: store).run(bundle, isDeep: true).flaws == [])
  }
}
