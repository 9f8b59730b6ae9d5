import Catalog
import Platform
import Pushes
import Testing
import Uploads
import Vocabulary

/// Several clients at one path of a push.
@Suite struct ConflictTests {
  private func many(_ policy: ConflictPolicy, smallBytes: Int = 1000) async throws -> ManyFiles {
    try await ManyFiles(EngineFixture(smallBytes: smallBytes), conflicts: policy)
  }

  private func large(_ many: ManyFiles, _ path: String, _ content: [UInt8]) async throws -> UploadID {
    try await many.fixture.create(Int64(content.count), ["push": many.push.text, "path": path])
  }

  private func finish(_ many: ManyFiles, _ id: UploadID, _ content: [UInt8]) async throws -> UploadView {
    let outcome = await many.fixture.append(id, at: 0, content)
    return try #require(outcome.view, "\(outcome)")
  }

  private func content(_ many: ManyFiles, _ path: String) async throws -> (UploadID, Digest?)? {
    try await many.fixture.catalog.read {
      try $0.upload(ofPush: many.push, at: BundlePath(path)).map { ($0.id, $0.digest) }
    }
  }

  private func replaced(_ many: ManyFiles) async throws -> [SupersededFile] {
    try await many.fixture.catalog.read {
      try $0.supersededFiles(ofPush: many.push, after: 0, limit: 100)
    }
  }

  private let first = [UInt8](repeating: 1, count: 5000)
  private let second = [UInt8](repeating: 2, count: 5000)

  @Test(
    "D38 of small files the first or the last one counts, and equal ones are one",
    arguments: [
      (ConflictPolicy.refuse, "path-conflict", "1"), (.keepFirst, "superseded", "1"),
      (.latestWins, "stored", "2"),
    ])
  func small(policy: ConflictPolicy, outcome: String, counts: String) async throws {
    let many = try await many(policy)
    #expect(try await many.send([ManyFiles.file("a", "1")]) == ["stored"])
    #expect(try await many.send([ManyFiles.file("a", "1")]) == ["exists"])
    #expect(try await many.send([ManyFiles.file("a", "2")]) == [outcome])
    #expect(try await many.stored() == ["a": counts])
    #expect(try await replaced(many).count == (policy == .refuse ? 0 : 1))
    let progress = try await many.fixture.catalog.read { try $0.pushProgress(many.push) }
    #expect(progress.total == 1 && progress.verified == 1)
  }

  @Test("D38 files count in the order in which they are verified, whichever was created first")
  func order() async throws {
    for policy in [ConflictPolicy.keepFirst, .latestWins] {
      let many = try await many(policy)
      let early = try await large(many, "a", first)
      let late = try await large(many, "a", second)
      #expect(early != late)
      #expect(try await finish(many, late, second).state == .verified)
      #expect(try await content(many, "a")?.0 == late)
      // What began first is verified last.
      let view = try await finish(many, early, first)
      #expect(view.offset == 5000)
      #expect(try await content(many, "a")?.0 == (policy == .keepFirst ? late : early))
      #expect(view.state == (policy == .keepFirst ? .cancelled : .verified))
      let (lost, won) = policy == .keepFirst ? (early, late) : (late, early)
      let files = try await replaced(many)
      #expect(files.map(\.upload) == [lost] && files.map(\.by) == [won])
      #expect(await many.fixture.inspect(lost).problem == .superseded)
      #expect(await many.fixture.inspect(won).view?.state == .verified)
    }
  }

  @Test("D38 the same content by two clients is one file; the second is told that it arrived")
  func duplicate() async throws {
    for policy in [ConflictPolicy.keepFirst, .latestWins] {
      let many = try await many(policy)
      let (one, two) = (try await large(many, "a", first), try await large(many, "a", first))
      #expect(try await finish(many, one, first).state == .verified)
      #expect(try await finish(many, two, first).offset == 5000)
      #expect(try await content(many, "a")?.0 == one)
      #expect(try await replaced(many).isEmpty)
      #expect(await many.fixture.inspect(two).problem == .superseded)
    }
  }

  @Test(
    "D38 a creation whose declared digest is that of the file at its path is that file, under every policy")
  func declared() async throws {
    for policy in ConflictPolicy.allCases {
      let many = try await many(policy)
      let one = try await large(many, "a", first)
      _ = try await finish(many, one, first)
      let again = try await many.fixture.create(
        5000,
        [
          "push": many.push.text, "path": "a", "author": "somebody else",
          "sha256": SHA256Stream.digest(of: first).hex,
        ])
      #expect(again == one)
    }
  }

  @Test("D38 a verified file does not go for one that is only begun, and that one's end changes nothing")
  func begun() async throws {
    let many = try await many(.latestWins)
    let one = try await large(many, "a", first)
    _ = try await finish(many, one, first)
    let two = try await large(many, "a", second)
    #expect(try await content(many, "a")?.0 == one)
    let outcome = await many.fixture.engine.perform(.terminate(two), body: nil, client: nil)
    guard case .terminated = outcome else { throw EngineFixture.Unexpected(outcome) }
    #expect(try await content(many, "a")?.0 == one)
    let progress = try await many.fixture.catalog.read { try $0.pushProgress(many.push) }
    #expect(progress.total == 1 && progress.verified == 1)
  }

  @Test("D38 a push waits for an upload that may still win")
  func seal() async throws {
    let many = try await many(.latestWins)
    #expect(try await many.send([ManyFiles.file("a", "1")]) == ["stored"])
    _ = try await large(many, "a", second)
    let missing = try await many.fixture.catalog.read { try $0.missing(ofPush: many.push, limit: 9) }
    #expect(missing == [MissingFile(path: "a", reason: .unfinished)])
  }

  @Test("D38 what is verified after the push sealed itself stays out, also when the latest wins")
  func sealed() async throws {
    let expected = [ExpectedFile(path: try BundlePath("a"), size: 5000, digest: nil)]
    let many = try await ManyFiles(
      EngineFixture(smallBytes: 1000), expecting: expected, sealWhenComplete: true, conflicts: .latestWins)
    let (one, two) = (try await large(many, "a", first), try await large(many, "a", second))
    #expect(try await finish(many, one, first).state == .verified)
    #expect(try await many.state() == .queued)
    #expect(try await finish(many, two, second).state == .cancelled)
    #expect(try await content(many, "a")?.0 == one)
    #expect(try await replaced(many).map(\.upload) == [two])
  }

  @Test("D38 a session that is open while it is overtaken goes on, and takes its place in its turn")
  func overtaken() async throws {
    let many = try await many(.latestWins)
    let one = try await large(many, "a", first)
    let outcome = await many.fixture.append(one, at: 0, Array(first[..<2000]))
    #expect(outcome.appendedOffset == 2000)
    #expect(try await many.send([ManyFiles.file("a", "2")]) == ["stored"])
    #expect(await many.fixture.append(one, at: 2000, Array(first[2000..<3000])).appendedOffset == 3000)
    #expect(try await many.stored() == ["a": "2"])
    #expect(await many.fixture.append(one, at: 3000, Array(first[3000...])).view?.state == .verified)
    #expect(try await content(many, "a")?.0 == one)
    #expect(try await replaced(many).count == 1)
  }

  @Test("D38 after a restart an upload that contends still does")
  func restart() async throws {
    let many = try await many(.keepFirst)
    let one = try await large(many, "a", first)
    let two = try await large(many, "a", second)
    #expect(await many.fixture.append(two, at: 0, Array(second[..<1000])).appendedOffset == 1000)
    let engine = many.fixture.restarted()
    try await engine.recover()
    let outcome = await engine.perform(
      .append(two, AppendIntent(offset: 1000)), body: ScriptedBody([Array(second[1000...])], .clean),
      client: nil)
    #expect(outcome.view?.state == .verified)
    #expect(try await content(many, "a")?.0 == two)
    let last = await engine.perform(
      .append(one, AppendIntent(offset: 0)), body: ScriptedBody([first], .clean), client: nil)
    #expect(last.view?.state == .cancelled)
    #expect(try await content(many, "a")?.0 == two)
  }

  @Test("D38 a folder and a file of one name collide under every policy", arguments: ConflictPolicy.allCases)
  func folder(policy: ConflictPolicy) async throws {
    let many = try await many(policy)
    #expect(try await many.send([ManyFiles.file("a", "1")]) == ["stored"])
    #expect(try await many.send([ManyFiles.file("a/b", "1")]) == ["path-conflict"])
  }

  @Test(
    "D38 an author is 1 to 256 bytes without control characters, or the upload is refused",
    arguments: ["", String(repeating: "é", count: 129), "a\nb"])
  func author(text: String) throws {
    #expect(throws: ProblemError.self) {
      try UploadDescription(
        UploadMetadata(raw: nil, pairs: [.init(key: "author", value: Array(text.utf8))]))
    }
    #expect(throws: ProblemError.self) {
      try UploadDescription(UploadMetadata(raw: nil, pairs: [.init(key: "author", value: [0xff])]))
    }
    #expect(try UploadDescription.author("Ann É") == "Ann É")
  }
}
