import Blobs
import Catalog
import Platform
import Pushes
import TestSupport
import Testing
import Uploads
import Vocabulary

@Suite struct ClaimTests {
  private static let challenge = "c0ffee"

  /// A repo with one bundle of these contents, indexed, and an open push of it.
  private func many(
    _ contents: [String], smallBytes: Int = 1 << 20, expecting files: [ExpectedFile]? = nil,
    sealWhenComplete: Bool = false, conflicts: ConflictPolicy = .refuse
  ) async throws -> ManyFiles {
    let fixture = try EngineFixture(smallBytes: smallBytes)
    let first = try await ManyFiles(fixture)
    for (number, content) in contents.enumerated() {
      #expect(try await first.send([ManyFiles.file("old/\(number)", content)]) == ["stored"])
    }
    let repo = try RepoName("r")
    let bundle = BundleRecord(
      id: .make(clock: fixture.clock, entropy: SystemEntropy()), repo: repo, sequence: 1,
      digest: ManyFiles.digest("manifest"), message: "m", label: nil, author: nil, push: first.push,
      fileCount: 1, byteCount: 1, createdAt: fixture.clock.now())
    let objects = contents.map {
      RepoObject(digest: ManyFiles.digest($0), size: Int64($0.utf8.count))
    }
    try await fixture.catalog.write { catalog in
      try catalog.insert(bundle)
      let unindexed = try #require(try catalog.unindexedBundle(of: repo))
      #expect(try catalog.addObjects(objects, of: unindexed, isLast: true))
    }
    return try await ManyFiles(
      fixture, expecting: files, sealWhenComplete: sealWhenComplete, conflicts: conflicts)
  }

  private func claimed(
    _ path: String, _ content: String, challenge: String = challenge, mode: Int? = nil
  ) throws -> ClaimedFile {
    let bytes = Array(content.utf8)
    let digest = ManyFiles.digest(content)
    var proof = PossessionProof.begin(challenge: challenge, digest: digest)
    for range in PossessionProof.ranges(challenge: challenge, digest: digest, size: Int64(bytes.count)) {
      proof.update(Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
    }
    return ClaimedFile(
      path: try BundlePath(path), size: Int64(bytes.count), digest: digest, mode: mode,
      proof: proof.digest().bytes)
  }

  private func claim(_ files: [ClaimedFile], _ many: ManyFiles, author: String? = nil) async throws
    -> [String]
  {
    try await many.fixture.engine.claimMany(
      files, challenge: Self.challenge, author: author, in: many.push, client: "c"
    ).map { outcome in
      switch outcome {
      case .stored: "stored"
      case .exists: "exists"
      case .superseded: "superseded"
      case .unfinished: "unfinished"
      case .refused(let error): error.problem.code
      }
    }
  }

  @Test("D26 a file that the repo has and the client proves to have is an upload of the push like any other")
  func claim() async throws {
    let large = String(repeating: "0123456789abcdef", count: 10_000)
    let many = try await many(["one", large, ""])
    let files = try [
      claimed("a", "one", mode: 0o640), claimed("b", large), claimed("empty", ""), claimed("twice", "one"),
    ]
    #expect(try await claim(files, many, author: "ann") == ["stored", "stored", "stored", "stored"])
    let uploads = try await many.fixture.catalog.read {
      try $0.uploads(ofPush: many.push, after: nil, limit: 10)
    }
    #expect(uploads.map(\.path.text) == ["a", "b", "empty", "twice"])
    #expect(uploads.allSatisfy { $0.state == .verified && $0.client == "c" && $0.expiresAt == nil })
    #expect(uploads[0].mode == 0o640 && uploads[1].length == 160_000)
    #expect(try uploads[0].metadata.text("author") == "ann")
    let progress = try await many.fixture.catalog.read { try $0.pushProgress(many.push) }
    #expect(progress.verified == 4 && progress.finishedBytes == 160_006)
    let events = try await many.fixture.catalog.read { try $0.events(after: 0, limit: 100).map(\.event) }
    for upload in uploads {
      #expect(
        events.filter { $0.subject == upload.id.text }.map(\.kind) == [.uploadCreated, .uploadVerified])
    }
    #expect(try await claim([files[0]], many) == ["exists"])
  }

  @Test("D26 a wrong proof, an unknown file and a file of another repo are refused alike, and change nothing")
  func refused() async throws {
    let many = try await many(["one"])
    var wrong = try claimed("a", "one")
    wrong.proof[31] ^= 1
    var size = try claimed("b", "one")
    size.size = 4
    // Stored on this server, but by no bundle of the repo.
    let elsewhere = try await ManyFiles(many.fixture)
    #expect(try await elsewhere.send([ManyFiles.file("x", "secret")]) == ["stored"])
    let other = try claimed("d", "one", challenge: "another")
    let files = try [wrong, size, claimed("c", "secret"), claimed("unknown", "nowhere"), other]
    let before = try await many.fixture.catalog.read { try $0.lastEventSequence() }
    #expect(try await claim(files, many) == [String](repeating: "not-proven", count: 5))
    #expect(try await many.fixture.catalog.read { try $0.lastEventSequence() } == before)
    #expect(try await many.fixture.catalog.read { try $0.pushProgress(many.push).total } == 0)
    let details = try await many.fixture.engine.claimMany(
      [wrong, claimed("a", "nowhere")], challenge: Self.challenge, author: nil, in: many.push, client: nil
    ).map { outcome in if case .refused(let error) = outcome { error.detail } else { "" } }
    #expect(details[0] == details[1])
  }

  @Test("D26 knowing which of a list the repo has needs its size too, and an open push")
  func known() async throws {
    let many = try await many(["one", "two"])
    let engine = many.fixture.engine
    let asked = [
      (ManyFiles.digest("one"), Int64(3)), (ManyFiles.digest("two"), 4), (ManyFiles.digest("x"), 1),
    ]
    #expect(try await engine.known(asked, to: many.push) == [ManyFiles.digest("one")])
    try await many.cancel()
    await #expect(throws: ProblemError.self) { try await engine.known(asked, to: many.push) }
    await #expect(throws: ProblemError.self) { try await claim([claimed("a", "one")], many) }
  }

  @Test("MUST-5 an object that the index names and storage has not is not claimed, and the operator is told")
  func missing() async throws {
    let many = try await many(["kept"])
    let repo = try RepoName("r")
    try await many.fixture.catalog.write { catalog in
      let bundle = BundleRecord(
        id: .make(clock: many.fixture.clock, entropy: SystemEntropy()), repo: repo, sequence: 2,
        digest: ManyFiles.digest("manifest"), message: "m", label: nil, author: nil, push: many.push,
        fileCount: 1, byteCount: 1, createdAt: many.fixture.clock.now())
      try catalog.insert(bundle)
      let unindexed = try #require(try catalog.unindexedBundle(of: repo))
      let lost = RepoObject(digest: ManyFiles.digest("lost"), size: 4)
      #expect(try catalog.addObjects([lost], of: unindexed, isLast: true))
    }
    #expect(try await claim([claimed("a", "lost"), claimed("b", "kept")], many) == ["not-proven", "stored"])
    #expect(many.fixture.reports.withLock { $0.contains { $0.contains("storage fault") } })
  }

  @Test("D26 what the push does not expect, or has with other content, is refused by itself")
  func rules() async throws {
    let expected = try ["a", "b"].map { ExpectedFile(path: try BundlePath($0), size: 3, digest: nil) }
    let many = try await many(["one", "two", "four"], expecting: expected)
    #expect(
      try await claim([claimed("z", "one"), claimed("a", "four"), claimed("a", "one")].prefix(2) + [], many)
        == ["bad-path", "inconsistent-length"])
    #expect(try await claim([claimed("a", "one")], many) == ["stored"])
    #expect(try await claim([claimed("a", "two")], many) == ["path-conflict"])
  }

  @Test("D26 the claim of the last file seals a push that wants to be sealed")
  func seals() async throws {
    let expected = [ExpectedFile(path: try BundlePath("a"), size: 3, digest: nil)]
    let many = try await many(["one"], expecting: expected, sealWhenComplete: true)
    #expect(try await claim([claimed("a", "one")], many) == ["stored"])
    #expect(try await many.state() == .queued)
  }

  @Test("D38 an unfinished upload at the path keeps a claim back when conflicts are refused, else not")
  func unfinished() async throws {
    for (policy, outcome) in [(ConflictPolicy.refuse, "unfinished"), (.keepFirst, "stored")] {
      let many = try await many(["one"], conflicts: policy)
      let id = try await many.fixture.create(10 << 20, ["push": many.push.text, "path": "a"])
      #expect(try await claim([claimed("a", "one")], many) == [outcome])
      let holder = try await many.fixture.catalog.read {
        try $0.upload(ofPush: many.push, at: BundlePath("a"))
      }
      #expect((holder?.id == id) == (policy == .refuse))
    }
  }

  @Test("D26 a challenge holds for its push, in its time, as it was spelt, and in this process")
  func challenges() throws {
    let clock = ManualClock()
    let challenges = PossessionChallenges(clock: clock, entropy: SystemEntropy())
    let (push, other) = (
      PushID.make(clock: clock, entropy: SystemEntropy()), PushID.make(clock: clock, entropy: SystemEntropy())
    )
    let (text, _) = challenges.issue(for: push)
    #expect(challenges.issue(for: push).text != text)
    try challenges.check(text, for: push)
    let restarted = PossessionChallenges(clock: clock, entropy: SystemEntropy())
    #expect(throws: ProblemError.self) { try restarted.check(text, for: push) }
    #expect(throws: ProblemError.self) { try challenges.check(text, for: other) }
    for wrong in ["", "00", text + "0", text.uppercased(), String(text.dropLast(2)) + "zz"] {
      if wrong == text { continue }
      #expect(throws: ProblemError.self) { try challenges.check(wrong, for: push) }
    }
    clock.advance(milliseconds: PossessionChallenges.lifetimeSeconds * 1000)
    #expect(throws: ProblemError.self) { try challenges.check(text, for: push) }
  }
}
