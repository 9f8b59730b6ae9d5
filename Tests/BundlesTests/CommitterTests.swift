import Blobs
import Bundles
import Catalog
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct CommitterTests {
  private let contents = ["a.txt": "first", "b/ü.txt": "second", "b/empty": ""]

  /// Checks that the push has become exactly this bundle, whole.
  private func expectBundle(
    _ bundle: BundleID, of push: PushID, _ entries: [Entry], _ fixture: CommitFixture
  ) async throws {
    let bundles = try await fixture.bundles()
    try #require(bundles.count == 1)
    let record = bundles[0]
    let text = manifest(entries)
    #expect(record.id == bundle && record.push == push && record.sequence == 1)
    #expect(record.digest == SHA256Stream.digest(of: Array(text.utf8)))
    #expect(record.fileCount == Int64(entries.count))
    #expect(record.byteCount == entries.reduce(0) { $0 + $1.size })
    let digest = record.digest.hex
    #expect(try fixture.temporary.text(of: "objects/\(digest.prefix(2))/\(digest)") == text)
    let descriptor = "bundles/inbox/00000001-\(bundle).json"
    #expect(try fixture.temporary.text(of: descriptor) == BundleDescriptor.text(record, folder: record.repo))
    #expect(try fixture.temporary.files().filter { $0.hasPrefix("bundles/") } == [descriptor])
    let report = try await BundleCheck(blobs: fixture.store()).run(record, isDeep: true)
    #expect(report.flaws == [])
    #expect(try await fixture.record(push).state == .committed)
    #expect(try await fixture.events(.pushCommitted) == 1)
    let uploads = try await fixture.catalog.read { try $0.uploads(ofPush: push, after: nil, limit: 100) }
    #expect(uploads.map(\.state) == entries.map { _ in .committed })
    let label = try LabelName("release")
    #expect(try await fixture.catalog.read { try $0.bundle(of: .inbox, label: label) }?.id == bundle)
  }

  @Test("MUST-3 D27 the order is objects, manifest, descriptor, catalog")
  func order() async throws {
    let fixture = try CommitFixture()
    let (push, bundle, entries) = try await fixture.admit(contents, label: try LabelName("release"))
    fixture.files.heal()
    fixture.catalog.fail(call: 4, .before)
    await #expect(throws: FaultyCatalog.Injected.self) { try await fixture.committer().commit(push) }
    fixture.catalog.heal()
    // Begin, one page of uploads, the sequence number: then the transaction that publishes. It alone is missing.
    let trace = fixture.files.trace.filter { !$0.contains("logs/") }
    let steps = ["lstat objects/", "rename objects/", "rename bundles/inbox/"].map { step in
      trace.firstIndex { $0.hasPrefix(step) } ?? -1
    }
    #expect(steps == steps.sorted() && steps[0] >= 0)
    #expect(try await fixture.bundles() == [])
    try await fixture.readmit(push)
    try await fixture.committer().commit(push)
    try await expectBundle(bundle, of: push, entries, fixture)
  }

  @Test("a push becomes one bundle with its files in path order, its label and one event")
  func commit() async throws {
    let fixture = try CommitFixture()
    let (push, bundle, entries) = try await fixture.admit(contents, label: try LabelName("release"))
    try await fixture.committer().commit(push)
    try await expectBundle(bundle, of: push, entries, fixture)
    let log = try fixture.temporary.text(of: "logs/push-\(push).log")
    #expect(log.contains("commit begins: repo inbox"))
    #expect(log.contains("committed bundle \(bundle) (inbox #1): 3 files, 11 bytes"))
  }

  @Test(
    "D38 an unfinished upload that contends for a path does not hold the commit up, and is not in the bundle")
  func contending() async throws {
    let fixture = try CommitFixture()
    let (push, bundle, entries) = try await fixture.admit(contents, label: try LabelName("release"))
    var late = UploadRecord.sample(
      fixture.id(), .receiving, push: push, path: try BundlePath("a.txt"), length: 5)
    late.isContending = true
    try await fixture.catalog.write { [late] in try $0.insert(late) }
    try await fixture.committer().commit(push)
    #expect(try await fixture.record(push).state == .committed)
    #expect(try await fixture.bundles().map(\.id) == [bundle])
    #expect(try await fixture.bundles().map(\.fileCount) == [Int64(entries.count)])
  }

  @Test("D39 a label that comes with a push is in the record of changes, with where it was before")
  func labelMoved() async throws {
    let fixture = try CommitFixture()
    var bundles: [String] = []
    for text in ["one", "two"] {
      let (push, bundle, _) = try await fixture.admit(["a": text], label: try LabelName("release"))
      try await fixture.committer().commit(push)
      bundles.append(bundle.text)
    }
    let moves = try await fixture.catalog.read { try $0.events(after: 0, limit: 1000) }
      .filter { $0.event.kind == .labelMoved }.map(\.event.details)
    #expect(moves == [["bundle": bundles[0]], ["bundle": bundles[1], "from": bundles[0]]])
  }

  @Test("a push without files becomes an empty bundle")
  func empty() async throws {
    let fixture = try CommitFixture()
    let (push, bundle, _) = try await fixture.admit([:], label: try LabelName("release"))
    try await fixture.committer().commit(push)
    try await expectBundle(bundle, of: push, [], fixture)
  }

  @Test("equal pushes have equal manifests, whatever order their uploads came in; sequence numbers count up")
  func equal() async throws {
    let fixture = try CommitFixture()
    for _ in 0..<3 { try await fixture.committer().commit(try await fixture.admit(contents).push) }
    let bundles = try await fixture.bundles()
    #expect(bundles.map(\.sequence) == [3, 2, 1])
    #expect(Set(bundles.map(\.digest)).count == 1)
    #expect(Set(bundles.map(\.id)).count == 3)
  }

  @Test("more files than one page of uploads are all in the manifest, in byte order")
  func manyFiles() async throws {
    let fixture = try CommitFixture()
    var random = SeededRandom(seed: 7)
    var many: [String: String] = [:]
    while many.count < 1100 {
      many["f\(random.path(maximumDepth: 1).text)\(many.count)"] = "\(many.count % 5)"
    }
    let (push, _, entries) = try await fixture.admit(many)
    try await fixture.committer().commit(push)
    let bundle = try #require(try await fixture.bundles().first)
    #expect(bundle.fileCount == 1100)
    #expect(bundle.digest == SHA256Stream.digest(of: Array(manifest(entries).utf8)))
  }

  @Test("a rejected upload is not in the bundle, and one that is not verified fails the commit")
  func states() async throws {
    let fixture = try CommitFixture()
    let (push, _, entries) = try await fixture.admit(contents)
    let rejected = UploadRecord.sample(fixture.id(), .rejected, push: push, path: try BundlePath("c"))
    try await fixture.catalog.write { try $0.insert(rejected) }
    let open = UploadRecord.sample(fixture.id(), .receiving, push: push, path: try BundlePath("d"))
    try await fixture.catalog.write { try $0.insert(open) }
    let error = await #expect(throws: ProblemError.self) { try await fixture.committer().commit(push) }
    #expect(error?.problem == .internalError)
    #expect(try await fixture.bundles() == [])
    #expect(try fixture.temporary.files().filter { $0.hasPrefix("objects/.incoming/") } == [])
    var cancelled = open
    cancelled.state = .cancelled
    let ended = cancelled
    try await fixture.catalog.write { try $0.update(ended) }
    try await fixture.readmit(push)
    try await fixture.committer().commit(push)
    #expect(try await fixture.bundles().first?.fileCount == Int64(entries.count))
  }

  @Test("MUST-5 a missing or short object fails the commit as a storage fault", arguments: [false, true])
  func faults(isShort: Bool) async throws {
    let fixture = try CommitFixture()
    let (push, _, entries) = try await fixture.admit(contents)
    let hex = entries[0].digest.hex
    let object = "objects/\(hex.prefix(2))/\(hex)"
    try LinuxFileSystem().remove(fixture.temporary.child(object))
    if isShort { try fixture.temporary.write("firs", to: object) }
    let error = await #expect(throws: ProblemError.self) { try await fixture.committer().commit(push) }
    #expect(error?.problem == .storageFault)
    #expect(try await fixture.bundles() == [])
    #expect(try fixture.temporary.text(of: "logs/push-\(push).log").contains("failed: "))
  }

  @Test("only an admitted push is committed", arguments: PushState.allCases.filter { $0 != .admitted })
  func otherStates(state: PushState) async throws {
    let fixture = try CommitFixture()
    let (id, _, _) = try await fixture.admit(contents)
    try await fixture.catalog.write { transaction in
      guard var push = try transaction.push(id) else { return }
      push.state = state
      try transaction.update(push)
    }
    await #expect(throws: (any Error).self) { try await fixture.committer().commit(id) }
    #expect(try await fixture.bundles() == [])
    #expect(try await fixture.record(id).state == state)
  }

  /// Commits with a fault, looks, recovers as a restart would, and checks that exactly the one bundle is there.
  private func interrupted(_ inject: (CommitFixture) -> Void, _ wasHit: (CommitFixture) -> Bool) async throws
    -> Bool
  {
    let fixture = try CommitFixture()
    let (push, bundle, entries) = try await fixture.admit(contents, label: try LabelName("release"))
    fixture.files.heal()
    inject(fixture)
    var didThrow = false
    do { try await fixture.committer().commit(push) } catch { didThrow = true }
    let hit = wasHit(fixture)
    #expect(hit || !didThrow)
    fixture.files.heal()
    fixture.catalog.heal()
    // A crash at any point leaves either no bundle or the whole bundle.
    let before = try await fixture.bundles()
    if before.isEmpty {
      #expect(didThrow)
      #expect(try await fixture.record(push).state != .committed)
      #expect(try await fixture.events(.pushCommitted) == 0)
    } else {
      try await expectBundle(bundle, of: push, entries, fixture)
    }
    try await fixture.store().takeOver()
    if try await fixture.record(push).state != .committed {
      fixture.clock.advance(milliseconds: 60_000)
      try await fixture.readmit(push)
      try await fixture.committer().commit(push)
    }
    try await expectBundle(bundle, of: push, entries, fixture)
    #expect(try fixture.temporary.files().filter { $0.contains(".incoming/") || $0.hasSuffix(".tmp") } == [])
    return hit
  }

  @Test(
    "MUST-3 whatever file call fails, once or for good, the commit leaves no bundle or all of it, and the next makes it whole",
    arguments: [false, true], [FileError.Kind.other, .full])
  func everyFileCall(isLasting: Bool, kind: FileError.Kind) async throws {
    var call = 1
    while try await interrupted(
      { $0.files.fail(call: call, kind: kind, isLasting: isLasting) }, { $0.files.wasHit })
    {
      call += 1
    }
    #expect(call > 30)
  }

  @Test("a disk that is full while a push is committed is told as such, whichever call finds it so")
  func fullDisk() async throws {
    var call = 1
    while true {
      let fixture = try CommitFixture()
      let (push, _, _) = try await fixture.admit(contents, label: try LabelName("release"))
      fixture.files.fail(call: call, kind: .full, isLasting: true)
      defer { call += 1 }
      do {
        try await fixture.committer().commit(push)
        // The log of the push and what is tidied up may fail without harm.
        if !fixture.files.wasHit { break }
      } catch {
        guard (error as? ProblemError)?.problem == .storageFull else {
          Issue.record("call \(call): \(error)")
          continue
        }
        #expect(try await fixture.bundles() == [])
      }
    }
    #expect(call > 30)
  }

  @Test(
    "MUST-3 whatever catalog call fails, before or after it was done, the next commit makes exactly one bundle",
    arguments: FaultyCatalog.Moment.allCases)
  func everyCatalogCall(moment: FaultyCatalog.Moment) async throws {
    var call = 1
    while try await interrupted({ $0.catalog.fail(call: call, moment) }, { $0.catalog.wasHit }) { call += 1 }
    #expect(call == 5)
  }
}
