import Catalog
import CatalogSQLite
import GRDB
import Testing
import Vocabulary

/// The cost of a question must not grow with history: every statement finds its rows by an index, already in order.
@Suite("SQLiteCatalog plans")
struct SQLiteCatalogPlanTests {
  /// Statements that an index other than this would serve too, but by passing over history.
  private static let indexes = [
    ("FROM uploads WHERE state = 'received'", "uploadsInProgress (state=? AND id>?)"),
    ("FROM pushes WHERE state = 'committing'", "pushesByState (state=? AND id>?)"),
    ("FROM uploads WHERE state IN", "uploadsExpiring"),
    ("FROM pushes WHERE state = 'open' AND expiresAt", "pushesExpiring"),
    ("notBefore IS NULL AND repo", "pushesReady"),
    ("FROM pushes WHERE state = 'queued' AND notBefore <=", "pushesDelayed"),
    ("SELECT 1 FROM pushes", "pushesDelayed"),
    ("FROM pushes WHERE label = ?", "pushesByLabel"),
    ("FROM pushes WHERE origin = ?", "pushesByOrigin"),
    ("FROM pushes WHERE source = ?", "pushesBySource"),
    ("FROM pushes WHERE status <> 'complete' AND state = ?", "pushesByState"),
    ("'absent' AS reason", "expectedFilesAbsent"),
    ("uploads = 0 ORDER BY path", "expectedFilesAbsent"),
    ("origin = 'source' AND state = 'open'", "pushesOfSources"),
    ("'unfinished' AS reason", "uploadsUnfinished"),
    ("'rejected' AS reason", "uploadsRejected"),
    ("SELECT id FROM uploads WHERE push", "uploadsContending"),
    ("FROM repos CROSS JOIN bundles", "bundles_2 (repo=? AND sequence=?)"),
    ("repos.indexedSequence < repos.lastSequence", "reposUnindexed (name>?)"),
  ]

  @Test("no statement scans a table that grows, and none sorts")
  func plans() async throws {
    try await withCatalogFile { path in
      let trace = Trace()
      let catalog = try SQLiteCatalog(path: path, trace: trace.add)
      trace.removeAll()
      try await catalog.write(everyChange)
      try await catalog.read(everyQuestion)
      let statements = Set(trace.all).filter { sql in
        ["SELECT", "INSERT", "UPDATE", "DELETE"].contains { sql.hasPrefix($0) }
          && !sql.contains("sqlite_master")
      }
      #expect(statements.count > 40)
      try catalog.close()

      let queue = try DatabaseQueue(path: path)
      defer { try? queue.close() }
      try await queue.read { db in
        for sql in statements {
          let statement = try db.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
          // A plan is made before any value is bound.
          statement.setUncheckedArguments([])
          let steps = try Row.fetchAll(statement).map { $0["detail"] as String }
          for step in steps { #expect(!isExpensive(step, in: sql), "\(step) in \(sql)") }
          for (fragment, index) in Self.indexes where sql.contains(fragment) {
            #expect(steps.contains { $0.contains(index) }, "\(index) in \(sql)")
          }
        }
      }
    }
  }

  @Test("a commit is on the disk when it returns: WAL, and FULL is the last word on synchronous")
  func durability() async throws {
    try await withCatalogFile { path in
      let trace = Trace()
      let catalog = try SQLiteCatalog(path: path, trace: trace.add)
      try await catalog.write { try $0.setSchedulerCursor(.inbox) }
      #expect(trace.all.last { $0.hasPrefix("PRAGMA synchronous") } == "PRAGMA synchronous = FULL")
      let queue = try DatabaseQueue(path: path)
      #expect(try await queue.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
      try queue.close()
    }
  }

  /// The tables of counts have a row per state, so that reading all of one is cheap.
  /// A new push could be what uploads of this transaction wait for (foreign key); SQLite plans to look for them, but
  /// does so only when there are violations to resolve, which this catalog never leaves open.
  /// Where rejected uploads are listed, those of one path are sorted, never those of two.
  private func isExpensive(_ step: String, in sql: String) -> Bool {
    if step == "SCAN uploads", sql.hasPrefix("INSERT INTO pushes") { return false }
    if step.hasPrefix("SCAN") {
      return !["SCAN uploadCounts", "SCAN pushCounts", "SCAN CONSTANT ROW"].contains { step.hasPrefix($0) }
    }
    if step == "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY", sql.contains("ORDER BY path, rank") {
      return false
    }
    return step.contains("TEMP B-TREE") || step.contains("AUTOMATIC")
  }
}

@Sendable
private func everyChange(_ catalog: any CatalogTransaction) throws {
  let bundle = BundleRecord(
    id: id(1), repo: .inbox, sequence: 1,
    digest: try #require(Digest(bytes: [UInt8](repeating: 1, count: 32))),
    message: "", label: nil, author: nil, push: id(1), fileCount: 1, byteCount: 10, createdAt: time(1))
  let label = try LabelName("stable")
  try catalog.insert(
    somePush(1), expecting: [ExpectedFile(path: try BundlePath("a/b"), size: 10, digest: nil)])
  try catalog.insert(try someUpload(1, push: 1, path: "a/b"))
  try catalog.update(try someUpload(1, state: .verified, push: 1, path: "a/b"))
  try catalog.select([try BundlePath("a")], ofPush: id(1))
  try catalog.expect([ExpectedFile(path: try BundlePath("z"), size: 1, digest: nil)], ofPush: id(1))
  try catalog.setExpectedSize(2, ofPush: id(1), at: try BundlePath("z"))
  _ = try catalog.forgetExpected(ofPush: id(1), limit: 0)
  try catalog.update(somePush(1, state: .queued))
  try catalog.markCommitted(uploadsOf: id(1))
  try catalog.ensureRepo(.inbox, description: nil, at: time(1))
  try catalog.insert(bundle)
  if let unindexed = try catalog.unindexedBundle(of: .inbox) {
    _ = try catalog.addObjects(
      [RepoObject(digest: bundle.digest, size: 1)], of: unindexed, isLast: true)
  }
  try catalog.setContending(true, id(1))
  try catalog.insert(
    SupersededFile(
      path: BundlePath("a"), digest: bundle.digest, size: 1, upload: id(1), by: id(2), at: time(1)),
    of: id(1))
  try catalog.moveLabel(label, of: .inbox, to: bundle.id, by: nil, at: time(1))
  let extent = Extent(pack: id(1), offset: 0, length: 1)
  try catalog.insert(extent, of: bundle.digest)
  try catalog.moveExtent(of: bundle.digest, from: extent, to: extent)
  try catalog.removeExtents(of: [bundle.digest])
  try catalog.close(id(2))
  try catalog.save(ScrubRecord(startedAt: time(1), cursor: bundle.digest))
  try catalog.save(ScrubFinding(digest: bundle.digest, reason: "", at: time(1)))
  _ = try catalog.scrub()
  _ = try catalog.scrubFindings(after: nil, limit: 10)
  _ = try catalog.scrubFinding(of: bundle.digest)
  try catalog.removeScrubFinding(of: bundle.digest)
  try catalog.removeLabel(label, of: .inbox, by: nil, at: time(2))
  try catalog.deleteBundle(bundle.id, by: nil, at: time(2))
  if let repo = try catalog.repo(.inbox) { try catalog.update(repo) }
  try catalog.renameRepo(.inbox, to: RepoName("outbox"))
  try catalog.deleteRepo(RepoName("outbox"), by: nil, at: time(2))
  if let earlier = try? RepoName("earlier") {
    try catalog.insert(
      RepoRecord(name: earlier, description: nil, createdAt: time(1), bundleCount: 0, lastSequence: 1))
  }
  try catalog.plan(.describeRepo, "inbox")
  for step in try catalog.plannedSteps(after: 0, limit: 1) { try catalog.finish(step) }
  try catalog.record(NewEvent(at: time(1), kind: .pushQueued, subject: "it", actor: "somebody"))
  try catalog.setSchedulerCursor(.inbox)
  try catalog.countStart(of: .inbox, round: 1, at: time(1))
}

@Sendable
private func everyQuestion(_ catalog: any CatalogReader) throws {
  let path = try BundlePath("a/b")
  _ = try catalog.upload(id(1))
  _ = try catalog.uploads(ofPush: id(1), after: nil, limit: 10)
  _ = try catalog.uploads(in: Set(UploadState.allCases), after: nil, limit: 10)
  _ = try catalog.upload(ofPush: id(1), at: path)
  _ = try catalog.pathConflict(ofPush: id(1), with: try BundlePath("a/b/c"))
  _ = try catalog.pathConflict(ofPush: id(1), with: try BundlePath("x/y"))
  _ = try catalog.expiredUploads(at: time(1), limit: 10)
  _ = try catalog.uploadCounts()
  _ = try catalog.openSourcePushes(limit: 10)
  _ = try catalog.absentFiles(ofPush: id(1), limit: 10)
  _ = try catalog.expectedTotals(ofPush: id(1))
  _ = try catalog.selectedPaths(ofPush: id(1), after: nil, limit: 10)
  _ = try catalog.push(id(1))
  for status in [nil] + PushState.Status.allCases {
    for repo in [nil, RepoName.inbox] {
      _ = try catalog.pushes(status: status, repo: repo, before: nil, limit: 10)
    }
  }
  for key: PushKey in [
    .label(try LabelName("stable")), .origin(.source), .source("camera"), .state(.committed), .state(.failed),
  ] {
    _ = try catalog.pushes(by: key, before: nil, limit: 10)
  }
  _ = try catalog.duePushes(at: time(1), limit: 10)
  _ = try catalog.delayedPushCount(limit: 10)
  _ = try catalog.schedulerRound()
  _ = try catalog.pushes(in: Set(PushState.allCases), after: nil, limit: 10)
  _ = try catalog.pushProgress(id(1))
  _ = try catalog.contendingUploads(ofPush: id(1), at: path, limit: 10)
  _ = try catalog.supersededCount(ofPush: id(1))
  _ = try catalog.supersededFiles(ofPush: id(1), after: 0, limit: 10)
  _ = try catalog.unindexedBundles(after: nil, limit: 10)
  _ = try catalog.unindexedBundle(of: .inbox)
  if let digest = Digest(bytes: [UInt8](repeating: 1, count: 32)) {
    _ = try catalog.repoObjects(of: .inbox, among: [digest])
  }
  _ = try catalog.expectedFile(ofPush: id(1), at: path)
  _ = try catalog.missing(ofPush: id(1), limit: 10)
  _ = try catalog.queueHeads(after: nil, limit: 10)
  _ = try catalog.expiredPushes(at: time(1), limit: 10)
  _ = try catalog.pushCounts()
  _ = try catalog.labels(ofRepo: .inbox, prefix: "a", after: nil, limit: 10)
  for label in [nil, try LabelName("stable")] {
    _ = try catalog.labelMoves(of: .inbox, label: label, before: nil, limit: 10)
  }
  for repo in [nil, RepoName.inbox] {
    _ = try catalog.auditedEvents(repo: repo, before: nil, limit: 10)
  }
  _ = try catalog.repo(folder: .inbox)
  _ = try catalog.deletedBundle(id(1))
  _ = try catalog.deletedBundles(of: .inbox, before: nil, limit: 10)
  _ = try catalog.repo(.inbox)
  _ = try catalog.repos(after: nil, limit: 10)
  _ = try catalog.bundle(id(1))
  _ = try catalog.bundle(repo: .inbox, sequence: 1)
  _ = try catalog.latestBundle(of: .inbox)
  _ = try catalog.bundles(of: .inbox, idPrefix: "0", limit: 10)
  _ = try catalog.bundle(of: .inbox, label: try LabelName("stable"))
  _ = try catalog.labels(of: id(1))
  _ = try catalog.events(after: 0, limit: 10)
  _ = try catalog.lastEventSequence()
  _ = try catalog.recentEvents(kinds: Set(EventKind.allCases), limit: 10)
  _ = try catalog.schedulerCursor()
}
