import Blobs
import Bundles
import Catalog
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct ObjectIndexerTests {
  private func indexer(_ fixture: CommitFixture) -> ObjectIndexer {
    let reports = fixture.reports
    return ObjectIndexer(
      catalog: fixture.catalog, blobs: fixture.store(),
      report: { line in reports.withLock { $0.append(line) } })
  }

  private func commit(_ contents: [String: String], _ repo: RepoName, _ fixture: CommitFixture) async throws
    -> (bundle: BundleID, entries: [Entry])
  {
    let (push, bundle, entries) = try await fixture.admit(contents, repo: repo)
    try await fixture.committer().commit(push)
    return (bundle, entries)
  }

  private func known(_ entries: [Entry], of repo: RepoName, _ fixture: CommitFixture) async throws -> Int {
    try await fixture.catalog.read { try $0.repoObjects(of: repo, among: entries.map(\.digest)).count }
  }

  @Test("D26 after a run every file of every bundle is in the index of its repo, and of no other")
  func run() async throws {
    let fixture = try CommitFixture()
    let (one, two) = (try RepoName("one"), try RepoName("two"))
    let first = try await commit(["a": "1", "b": "22", "c": "1"], one, fixture)
    let second = try await commit(["a": "333", "b": "22"], one, fixture)
    let third = try await commit(["z": "4444"], two, fixture)
    await indexer(fixture).run()
    let distinct = Set((first.entries + second.entries).map(\.digest)).count
    #expect(try await known(first.entries + second.entries, of: one, fixture) == distinct)
    #expect(try await known(third.entries, of: two, fixture) == 1)
    #expect(try await known(third.entries, of: one, fixture) == 0)
    let repo = try await fixture.catalog.read { try $0.repo(one) }
    #expect(repo?.objectBytes == 6 && repo?.indexedSequence == 2)
    #expect(fixture.reports.withLock { $0 } == [])
  }

  @Test("D26 a bundle of more files than one transaction takes is indexed whole")
  func pages() async throws {
    let fixture = try CommitFixture()
    let repo = try RepoName("many")
    // Of the files the manifest is all that the index needs.
    let entries = try (0..<2500).map { number in
      Entry(
        path: try BundlePath("f\(10_000 + number)"), size: 2,
        digest: SHA256Stream.digest(of: Array("\(max(2000, number))".utf8)), mode: nil, modifiedAt: nil)
    }
    let digest = try await fixture.store(Array(manifest(entries).utf8))
    let bundle = BundleRecord(
      id: fixture.id(), repo: repo, sequence: 1, digest: digest, message: "m", label: nil, author: nil,
      push: fixture.id(), fileCount: 2500, byteCount: 5000, createdAt: Timestamp(milliseconds: 1))
    try await fixture.catalog.write { transaction in
      try transaction.ensureRepo(repo, description: nil, at: Timestamp(milliseconds: 1))
      try transaction.insert(bundle)
    }
    await indexer(fixture).run()
    #expect(try await known(entries, of: repo, fixture) == 500)
    #expect(try await fixture.catalog.read { try $0.repo(repo)?.objectBytes } == 1000)
  }

  @Test("D26 a bundle whose manifest is gone is told and passed over; the later ones are indexed")
  func damaged() async throws {
    let fixture = try CommitFixture()
    let repo = try RepoName("r")
    let first = try await commit(["a": "1"], repo, fixture)
    let second = try await commit(["b": "2"], repo, fixture)
    let manifest = try await fixture.bundles(of: repo).last?.digest.hex ?? ""
    try FileManager.default.removeItem(
      atPath: fixture.temporary.child("objects/\(manifest.prefix(2))/\(manifest)"))
    await indexer(fixture).run()
    #expect(try await known(first.entries, of: repo, fixture) == 0)
    #expect(try await known(second.entries, of: repo, fixture) == 1)
    #expect(fixture.reports.withLock { $0 }.count == 1)
    #expect(try await fixture.catalog.read { try $0.unindexedBundle(of: repo) } == nil)
  }

  @Test("D26 the index of a repo that lost a bundle has what the others have")
  func deleted() async throws {
    let fixture = try CommitFixture()
    let repo = try RepoName("r")
    let first = try await commit(["a": "only here", "b": "both"], repo, fixture)
    let second = try await commit(["b": "both", "c": "new"], repo, fixture)
    let indexer = indexer(fixture)
    await indexer.run()
    try await fixture.catalog.write {
      try $0.deleteBundle(first.bundle, by: nil, at: Timestamp(milliseconds: 1))
    }
    #expect(try await known(second.entries, of: repo, fixture) == 0)
    await indexer.run()
    #expect(try await known(second.entries, of: repo, fixture) == 2)
    #expect(try await known(first.entries, of: repo, fixture) == 1)
    #expect(try await fixture.catalog.read { try $0.repo(repo)?.objectBytes } == 7)
  }

  @Test("D26 a manifest that is not there is told once and keeps nobody back")
  func missing() async throws {
    let fixture = try CommitFixture()
    let (broken, whole) = (try RepoName("broken"), try RepoName("whole"))
    let lost = try await commit(["a": "1"], broken, fixture)
    let kept = try await commit(["a": "2"], whole, fixture)
    let digest = try #require(try await fixture.catalog.read { try $0.bundle(lost.bundle)?.digest })
    try LinuxFileSystem().remove("\(fixture.layout.objects)/\(digest.hex.prefix(2))/\(digest)")
    let indexer = indexer(fixture)
    await indexer.run()
    await indexer.run()
    #expect(try await known(kept.entries, of: whole, fixture) == 1)
    #expect(try await fixture.catalog.read { try $0.repo(broken)?.indexedSequence } == 1)
    #expect(fixture.reports.withLock { $0.filter { $0.contains("could not be indexed") }.count } == 1)
  }
}
