import Bundles
import Catalog
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct RepoRegisterTests {
  private let fixture: CommitFixture
  private let films: RepoName
  private let stable: LabelName

  init() throws {
    fixture = try CommitFixture()
    films = try RepoName("films")
    stable = try LabelName("stable")
  }

  private var repos: RepoRegister { RepoRegister(catalog: fixture.catalog, clock: fixture.clock) }
  private var labels: LabelRegister { LabelRegister(catalog: fixture.catalog, clock: fixture.clock) }
  private var squash: Squash { Squash(catalog: fixture.catalog, clock: fixture.clock) }
  private var planned: PlannedWork { PlannedWork(catalog: fixture.catalog, blobs: fixture.store()) }

  /// Commits bundles of one file each, an hour apart, the first of them first.
  @discardableResult private func commit(_ count: Int, label: LabelName? = nil) async throws -> [BundleRecord]
  {
    for number in 1...count {
      let push = try await fixture.admit(["a": "\(number)"], repo: films, label: label).push
      try await fixture.committer().commit(push)
      fixture.clock.advance(milliseconds: 3_600_000)
    }
    return try await fixture.bundles(of: films).reversed()
  }

  private func expect(_ problem: Problem, _ body: () async throws -> Void) async {
    let error = await #expect(throws: ProblemError.self) { try await body() }
    #expect(error?.problem == problem)
  }

  private func descriptors() throws -> [String] {
    try fixture.temporary.files().filter { $0.hasPrefix("bundles/films/") }.sorted()
  }

  @Test("D22 a bundle's parent is the latest before it, and its contributors all who added to it")
  func lineage() async throws {
    let bundles = try await commit(3)
    #expect(bundles.map(\.parents) == [[], [bundles[0].id], [bundles[1].id]])
    let (push, bundle, _) = try await fixture.admit(["a": "x", "b": "y", "c": "z"], repo: films)
    try await fixture.catalog.write { transaction in
      var record = try #require(try transaction.push(push))
      record.author = "Ann"
      try transaction.update(record)
      for (path, author) in [("a", "Bob"), ("b", "Ann"), ("c", "Bob")] {
        var upload = try #require(try transaction.upload(ofPush: push, at: BundlePath(path)))
        upload.metadata = UploadMetadata(raw: nil, pairs: [.init(key: "author", value: Array(author.utf8))])
        try transaction.update(upload)
      }
    }
    try await fixture.committer().commit(push)
    #expect(try await fixture.catalog.read { try $0.bundle(bundle) }?.contributors == ["Ann", "Bob"])
  }

  @Test("D20 creating a repo twice changes nothing, and a description that is too long is refused")
  func create() async throws {
    let first = try await repos.create(films, description: "moving", by: "ann")
    #expect(first.isNew && first.repo.description == "moving")
    let second = try await repos.create(films, description: "other", by: "bob")
    #expect(!second.isNew && second.repo == first.repo)
    #expect(try await fixture.events(.repoCreated) == 1)
    await expect(.badRequest) {
      _ = try await repos.create(films, description: String(repeating: "x", count: 4097), by: nil)
    }
  }

  @Test("D21 a rename moves no descriptor, and a catalog would find the new name in the old folder")
  func rename() async throws {
    try await commit(2, label: stable)
    let before = try descriptors()
    let cinema = try RepoName("cinema")
    _ = try await repos.change(films, RepoChange(name: cinema), by: "ann")
    try await planned.run()
    #expect(try descriptors() == (before + ["bundles/films/repo.json"]).sorted())
    let described = try RepoDescriptor(
      parsing: Array(try fixture.temporary.text(of: "bundles/films/repo.json").utf8))
    #expect(described.name == cinema && described.labels.keys.map(\.text) == ["stable"])
    await expect(.notFound) { _ = try await repos.change(films, RepoChange(weight: 2), by: nil) }
    // The next bundle of it goes to the same folder.
    let push = try await fixture.admit(["a": "3"], repo: cinema).push
    try await fixture.committer().commit(push)
    #expect(try descriptors().count == 4)
    #expect(try await fixture.bundles(of: cinema).map(\.sequence) == [3, 2, 1])
  }

  @Test("a rename to a name that is taken, or while a commit runs, changes nothing")
  func renameRefused() async throws {
    try await commit(1)
    _ = try await repos.create(try RepoName("other"), description: nil, by: nil)
    await expect(.nameTaken) {
      _ = try await repos.change(films, RepoChange(description: "x", name: "other"), by: nil)
    }
    let push = try await fixture.admit(["a": "2"], repo: films).push
    await expect(.busy) {
      _ = try await repos.change(films, RepoChange(description: "x", name: "y"), by: nil)
    }
    #expect(try await fixture.catalog.read { try $0.repo(films) }?.description == nil)
    try await fixture.committer().commit(push)
    _ = try await repos.change(films, RepoChange(description: "x", name: "y"), by: nil)
  }

  @Test("D21 a deleted repo leaves no descriptor; one with an unfinished push is in use")
  func delete() async throws {
    try await commit(2)
    let push = try await fixture.admit(["a": "3"], repo: films).push
    await expect(.inUse) { try await repos.delete(films, by: nil) }
    try await fixture.committer().commit(push)
    try await repos.delete(films, by: "ann")
    #expect(try descriptors().count == 3)
    try await planned.run()
    try await planned.run()
    #expect(try descriptors() == [])
    await expect(.notFound) { try await repos.delete(films, by: nil) }
    let audit = try await fixture.catalog.read { try $0.auditedEvents(repo: nil, before: nil, limit: 9) }
    #expect(audit.map(\.event.kind) == [.repoDeleted] && audit.first?.event.actor == "ann")
  }

  @Test("a bundle with a label is in use; without it goes, and is told to be deleted by its id")
  func deleteBundle() async throws {
    let bundles = try await commit(2)
    _ = try await labels.set(stable, of: films, to: "latest", by: "ann")
    await expect(.inUse) { _ = try await repos.deleteBundle("stable", of: films, by: nil) }
    try await labels.remove(stable, of: films, by: "ann")
    _ = try await repos.deleteBundle("latest", of: films, by: "ann")
    try await planned.run()
    let names = try descriptors()
    #expect(names.contains { $0.hasSuffix(BundleDescriptor.name(bundles[0])) })
    #expect(!names.contains { $0.hasSuffix(BundleDescriptor.name(bundles[1])) })
    let error = await #expect(throws: ProblemError.self) {
      try await fixture.catalog.read { _ = try BundleReference.resolve(bundles[1].id.text, in: films, $0) }
    }
    #expect(error?.problem == .notFound && error?.detail.contains("was deleted") == true)
    // The number of the deleted one is not given again.
    try await commit(1)
    #expect(try await fixture.bundles(of: films).map(\.sequence) == [3, 1])
  }

  @Test("D35 setting a label where it is changes nothing; moving and removing it are in its history with who")
  func labelHistory() async throws {
    try await commit(2)
    let first = try await labels.set(stable, of: films, to: "latest", by: "ann")
    #expect(first.isNew)
    _ = try await labels.set(stable, of: films, to: "latest", by: "bob")
    let moves = try await fixture.catalog.read {
      try $0.labelMoves(of: films, label: stable, before: nil, limit: 9)
    }
    #expect(moves.map(\.author) == ["ann"])
    await expect(.notFound) { try await labels.remove(LabelName("other"), of: films, by: nil) }
    await expect(.notFound) { _ = try await labels.set(stable, of: films, to: "nothing", by: nil) }
    #expect(try await fixture.events(.labelMoved) == 1)
  }

  @Test("D40 squash keeps the newest, the young, the labelled and the latest; a dry run deletes nothing")
  func squashing() async throws {
    let bundles = try await commit(6)
    _ = try await labels.set(stable, of: films, to: bundles[1].id.text, by: nil)
    func numbers(_ policy: RetentionPolicy, isDryRun: Bool = true) async throws -> [Int64] {
      try await squash.run(films, policy, isDryRun: isDryRun, by: "ann").map(\.sequence)
    }
    #expect(try await numbers(RetentionPolicy(latest: 3)) == [1, 3])
    // Committed 6, 5, … 1 hours ago.
    #expect(try await numbers(RetentionPolicy(ageSeconds: 3600 * 5 / 2)) == [1, 3, 4])
    #expect(try await numbers(RetentionPolicy(latest: 4, ageSeconds: 0)) == [1])
    #expect(try await numbers(RetentionPolicy(ageSeconds: 0)) == [1, 3, 4, 5])
    await expect(.badRequest) { _ = try await numbers(RetentionPolicy()) }
    await expect(.badRequest) { _ = try await numbers(RetentionPolicy(latest: 0)) }
    #expect(try await fixture.bundles(of: films).count == 6)
    #expect(try await numbers(RetentionPolicy(latest: 1), isDryRun: false) == [1, 3, 4, 5])
    try await planned.run()
    #expect(try await fixture.bundles(of: films).map(\.sequence) == [6, 2])
    #expect(try descriptors().filter { !$0.hasSuffix("repo.json") }.count == 2)
  }

  @Test("D40 the rules of a repo are applied to it and to no other")
  func rules() async throws {
    try await commit(3)
    try await squash.applyRules()
    #expect(try await fixture.bundles(of: films).count == 3)
    _ = try await repos.change(films, RepoChange(retention: RetentionPolicy(latest: 2)), by: nil)
    try await squash.applyRules()
    #expect(try await fixture.bundles(of: films).map(\.sequence) == [3, 2])
    _ = try await repos.change(films, RepoChange(retention: RetentionPolicy()), by: nil)
    #expect(try await fixture.catalog.read { try $0.repo(films) }?.retention.isEmpty == true)
  }

  @Test("planned work that fails stays planned, and a step done twice does no harm")
  func plannedAgain() async throws {
    try await commit(2)
    _ = try await repos.deleteBundle("latest", of: films, by: nil)
    for _ in 1...2 {
      fixture.files.fail(call: 1, kind: .other)
      await #expect(throws: (any Error).self) { try await planned.run() }
      fixture.files.heal()
    }
    #expect(try await fixture.catalog.read { try $0.plannedSteps(after: 0, limit: 9) }.isEmpty == false)
    try await planned.run()
    #expect(try await fixture.catalog.read { try $0.plannedSteps(after: 0, limit: 9) }.isEmpty)
    #expect(try descriptors().count == 2)
  }

  @Test("planned work that fails does not hold up what was planned after it")
  func plannedBehind() async throws {
    try await commit(3)
    let bundles = try await fixture.bundles(of: films)
    for bundle in bundles.dropFirst() {
      _ = try await repos.deleteBundle(bundle.id.text, of: films, by: nil)
    }
    let name = "bundles/films/\(BundleDescriptor.name(bundles[1]))"
    // What stands in its place cannot be removed as a file.
    try FileManager.default.removeItem(atPath: fixture.temporary.child(name))
    try fixture.temporary.write("x", to: "\(name)/inside")
    await #expect(throws: (any Error).self) { try await planned.run() }
    let left = try await fixture.catalog.read { try $0.plannedSteps(after: 0, limit: 9) }
    #expect(left.map(\.kind) == [.removeDescriptor])
    #expect(!fixture.temporary.exists("bundles/films/\(BundleDescriptor.name(bundles[2]))"))
    let uploads = try await fixture.catalog.read {
      try $0.uploads(ofPush: bundles[2].push, after: nil, limit: 9)
    }
    #expect(uploads.isEmpty, "what they held is let go")
  }

  @Test("planned work that several ask for at once is done once, and all of them wait for it")
  func plannedTogether() async throws {
    try await commit(3)
    for bundle in try await fixture.bundles(of: films).dropFirst() {
      _ = try await repos.deleteBundle(bundle.id.text, of: films, by: nil)
    }
    let planned = planned
    fixture.files.heal()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 1...4 { group.addTask { try await planned.run() } }
      try await group.waitForAll()
    }
    let removals = fixture.files.trace.filter { $0.hasPrefix("unlink bundles/films/0") }
    #expect(removals.count == 2 && Set(removals).count == 2)
    #expect(try descriptors().count == 1)
  }
}

extension RepoChange {
  fileprivate init(description: String, name: String) throws {
    self.init(name: try RepoName(name), description: description)
  }
}
