import Bundles
import Catalog
import TestSupport
import Testing
import Vocabulary

@Suite struct BundleReferenceTests {
  private let fixture: CommitFixture
  private let repo: RepoName
  private let random: [UInt8] = Array(repeating: 1, count: 10)

  init() throws {
    fixture = try CommitFixture()
    repo = try RepoName("films")
  }

  private func insert(_ id: BundleID, _ sequence: Int64, into repo: RepoName, label: String? = nil)
    async throws
  {
    let label = try label.map { try LabelName($0) }
    var random = SeededRandom(seed: UInt64(sequence))
    let bundle = BundleRecord(
      id: id, repo: repo, sequence: sequence, digest: random.digest(), message: "m", label: nil, author: nil,
      push: random.id(), fileCount: 0, byteCount: 0, createdAt: Timestamp(milliseconds: 1))
    try await fixture.catalog.write { transaction in
      try transaction.ensureRepo(repo, description: nil, at: Timestamp(milliseconds: 1))
      try transaction.insert(bundle)
      if let label {
        try transaction.moveLabel(label, of: repo, to: id, by: nil, at: Timestamp(milliseconds: 1))
      }
    }
  }

  private func resolve(_ text: String, in repo: RepoName? = nil) async throws -> BundleID {
    let repo = repo ?? self.repo
    return try await fixture.catalog.read { try BundleReference.resolve(text, in: repo, $0).id }
  }

  private func expectProblem(_ problem: Problem, _ text: String, in repo: RepoName? = nil) async {
    let error = await #expect(throws: ProblemError.self) { try await resolve(text, in: repo) }
    #expect(error?.problem == problem)
    if repo == nil { #expect(error?.detail.contains(quoted(text)) == true || text == "latest") }
  }

  @Test("a bundle is named by latest, its id, a label, or a prefix that only it has")
  func names() async throws {
    let old = BundleID(milliseconds: 1 << 40, random: random)
    let new = BundleID(milliseconds: 1 << 41, random: random)
    try await insert(old, 2, into: repo, label: "draft")
    try await insert(new, 1, into: repo)
    // By sequence number, never by clock.
    #expect(try await resolve("latest") == old)
    #expect(try await resolve(old.text) == old)
    #expect(try await resolve("draft") == old)
    #expect(try await resolve(String(new.text.prefix(6))) == new)
    #expect(try await resolve(String(new.text.prefix(25))) == new)
    await expectProblem(.notFound, String(new.text.prefix(5)))
    for text in [
      "Draft", "nothing", "zzzzzz", "", "../draft", "%", "______", "ääääää", new.text + "0", "a\u{0}bcdefg",
    ] {
      await expectProblem(.notFound, text)
    }
  }

  @Test("a prefix of several bundles is refused as ambiguous")
  func ambiguous() async throws {
    let first = BundleID(milliseconds: 1 << 41, random: random)
    try await insert(first, 1, into: repo)
    try await insert(BundleID(milliseconds: 1 << 41 + 1, random: random), 2, into: repo)
    await expectProblem(.badRequest, String(first.text.prefix(6)))
  }

  @Test("a label wins over a prefix of an id")
  func labelWins() async throws {
    let first = BundleID(milliseconds: 1 << 41, random: random)
    let second = BundleID(milliseconds: 1 << 42, random: random)
    try await insert(first, 1, into: repo)
    try await insert(second, 2, into: repo, label: String(first.text.prefix(8)))
    #expect(try await resolve(String(first.text.prefix(8))) == second)
  }

  @Test("a bundle is found in its own repo only, and an empty repo has no latest")
  func repos() async throws {
    let other = try RepoName("other")
    let id = BundleID(milliseconds: 1 << 41, random: random)
    try await insert(id, 1, into: other, label: "draft")
    await expectProblem(.notFound, "latest")
    let repo = repo
    try await fixture.catalog.write {
      try $0.ensureRepo(repo, description: nil, at: Timestamp(milliseconds: 1))
    }
    for text in ["latest", id.text, "draft", String(id.text.prefix(8))] {
      await expectProblem(.notFound, text, in: repo)
    }
  }
}
