import Blobs
import Catalog
import Platform
import Testing
import Uploads
import Vocabulary

@Suite struct ManyFilesTests {
  private let wrong = ManyFiles.digest("something else")

  private func file(_ path: String, _ content: String, sha256: Digest? = nil) throws -> WholeFile {
    try ManyFiles.file(path, content, sha256: sha256)
  }

  @Test("outcomes come in the order of the files, and each file is stored under its own path")
  func order() async throws {
    let many = try await ManyFiles(EngineFixture(smallBytes: 1000))
    let files = try (0..<50).reversed().map { try file("d/\($0)", "content \($0)") }
    let outcomes = try await many.fixture.engine.createMany(files, in: many.push, client: "c")
    for (file, outcome) in zip(files, outcomes) {
      guard case .stored(let view) = outcome else {
        Issue.record("\(file.path.text): \(outcome)")
        continue
      }
      let record = try await many.fixture.record(view.id)
      #expect(record.path == file.path && record.client == "c" && record.push == many.push)
      #expect(view.state == .verified && view.digest == SHA256Stream.digest(of: file.content))
      #expect(view.offset == Int64(file.content.count))
    }
    #expect(try await many.stored().count == 50)
    #expect(try await many.send([]) == [])
  }

  @Test("a wrong digest rejects one file and spoils no other; without it the file can come again")
  func wrongDigest() async throws {
    let many = try await ManyFiles(EngineFixture(smallBytes: 1000))
    let outcomes = try await many.send([
      file("a", "1", sha256: ManyFiles.digest("1")), file("b", "2", sha256: wrong), file("c", "3"),
    ])
    #expect(outcomes == ["stored", "upload-rejected", "stored"])
    #expect(try await many.stored() == ["a": "1", "c": "3"])
    let rejected = try await many.uploads().filter { $0.state == .rejected }
    #expect(rejected.map(\.path.text) == ["b"])
    let events = try await many.fixture.catalog.read { try $0.events(after: 0, limit: 100).map(\.event) }
    #expect(events.filter { $0.kind == .uploadRejected }.map(\.subject) == rejected.map(\.id.text))
    #expect(events.filter { $0.kind == .uploadVerified }.count == 2)
    #expect(try await many.send([file("b", "2")]) == ["stored"])
  }

  @Test("equal content is stored once, also when it comes at other paths later or after a restart")
  func equalContent() async throws {
    let many = try await ManyFiles(EngineFixture(smallBytes: 1000))
    let size = PackFormat.firstLine.count + PackFormat.headBytes + "same".utf8.count
    #expect(
      try await many.send([file("a", "same"), file("b", "same"), file("c", "same")])
        == ["stored", "stored", "stored"])
    #expect(try many.packedBytes() == size)
    #expect(try await many.send([file("d", "same")], on: many.fixture.restarted()) == ["stored"])
    #expect(try many.packedBytes() == size)
    #expect(try await many.stored() == ["a": "same", "b": "same", "c": "same", "d": "same"])
  }

  @Test("a path that is there: equal content exists, other content is refused, an unfinished upload is named")
  func pathsThere() async throws {
    let many = try await ManyFiles(EngineFixture(smallBytes: 1000))
    let unfinished = try await many.fixture.create(500, ["push": many.push.text, "path": "open"])
    #expect(try await many.send([file("a", "1"), file("d/e", "2")]) == ["stored", "stored"])
    let outcomes = try await many.send([
      file("a", "1"), file("a", "1", sha256: wrong), file("a/b", "1"), file("d", "1"), file("open", "1"),
      file("d/e", "other"), file("new", "3"),
    ])
    #expect(
      outcomes == [
        "exists", "upload-rejected", "path-conflict", "path-conflict", "unfinished", "path-conflict",
        "stored",
      ])
    #expect(try await many.stored() == ["a": "1", "d/e": "2", "new": "3"])
    #expect(try await many.fixture.record(unfinished).state == .created)
  }

  @Test("a path twice among the files: the first is stored, the second is compared with it")
  func twins() async throws {
    let many = try await ManyFiles(EngineFixture(smallBytes: 1000))
    let outcomes = try await many.send([
      file("a", "1"), file("a", "1"), file("a", "2"), file("a", "1", sha256: wrong),
      file("b", "3", sha256: wrong), file("b", "3"),
    ])
    #expect(
      outcomes == ["stored", "exists", "path-conflict", "upload-rejected", "upload-rejected", "unfinished"])
    #expect(try await many.stored() == ["a": "1"])
  }

  @Test("the same files twice at once are stored once, and both requests are told that they are there")
  func atOnce() async throws {
    let many = try await ManyFiles(EngineFixture(smallBytes: 1000))
    for round in 0..<20 {
      let files = try (0..<20).map { try file("\(round)/\($0)", "content \($0)") }
      async let first = many.send(files)
      async let second = many.send(files)
      for (one, other) in zip(try await first, try await second) {
        #expect([one, other].sorted() == ["exists", "stored"])
      }
    }
  }

  @Test("a push that names its files takes those alone, with their sizes and digests, and seals itself")
  func expected() async throws {
    let files = [
      ExpectedFile(path: try BundlePath("a"), size: 1, digest: ManyFiles.digest("1")),
      ExpectedFile(path: try BundlePath("b"), size: 1, digest: nil),
    ]
    let many = try await ManyFiles(
      EngineFixture(smallBytes: 1000), expecting: files, sealWhenComplete: true)
    let outcomes = try await many.send([
      file("a", "2"), file("b", "long"), file("c", "1"), file("a", "1", sha256: wrong),
    ])
    // The last is the twin of the first, which left nothing to compare it with.
    #expect(outcomes == ["upload-rejected", "inconsistent-length", "bad-path", "unfinished"])
    #expect(try await many.send([file("a", "1", sha256: wrong)]) == ["bad-metadata"])
    #expect(try await many.state() == .open)
    #expect(try await many.send([file("b", "2"), file("a", "1")]) == ["stored", "stored"])
    #expect(try await many.state() == .queued)
  }

  @Test("a closed push takes nothing, but says what it has; one that is not there has nothing")
  func closed() async throws {
    let many = try await ManyFiles(
      EngineFixture(smallBytes: 1000),
      expecting: [ExpectedFile(path: try BundlePath("a"), size: 1, digest: nil)], sealWhenComplete: true)
    #expect(try await many.send([file("a", "1")]) == ["stored"])
    #expect(try await many.state() == .queued)
    let bytes = try many.packedBytes()
    #expect(
      try await many.send([file("a", "1"), file("a/b", "2"), file("b", "2")])
        == ["exists", "push-closed", "push-closed"])
    let cancelled = try await ManyFiles(many.fixture)
    try await cancelled.cancel()
    #expect(try await cancelled.send([file("a", "3")]) == ["push-closed"])
    let strange = PushID.make(clock: many.fixture.clock, entropy: SystemEntropy())
    let outcomes = try await many.fixture.engine.createMany(
      [file("a", "4")], in: strange, client: nil)
    guard case .refused(let problem)? = outcomes.first else { throw ProblemError(.notFound, detail: "") }
    #expect(problem.problem == .notFound)
    #expect(try many.packedBytes() == bytes)
    #expect(try await many.uploads().count == 1)
  }

  @Test("a server that shuts down takes no files")
  func draining() async throws {
    let many = try await ManyFiles(EngineFixture(smallBytes: 1000))
    many.fixture.engine.drain()
    #expect(await many.problem([try file("a", "1")]) == .draining)
    #expect(try await many.uploads().isEmpty)
  }
}
