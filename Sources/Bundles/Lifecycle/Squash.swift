import Catalog
import Platform
import Vocabulary

/// Deletes the bundles of a repo that a retention policy lets go (docs/repos.md).
package struct Squash: Sendable {
  /// Bundles deleted in one go at most; who wants more goes on.
  package static let batchCount = 1000
  private let catalog: any CatalogStore
  private let clock: any WallClock

  package init(catalog: any CatalogStore, clock: any WallClock) {
    self.catalog = catalog
    self.clock = clock
  }

  /// The bundles that go, oldest first, at most `batchCount`; with `isDryRun` none of them is deleted.
  ///
  /// - Throws: `ProblemError`: `not-found`, or `bad-request` for a policy without a rule.
  package func run(
    _ name: RepoName, _ policy: RetentionPolicy, isDryRun: Bool, by actor: String?
  ) async throws -> [BundleRecord] {
    try policy.check()
    guard !policy.isEmpty else {
      throw ProblemError(
        .badRequest, detail: "squash needs latest, ageSeconds or both: without a rule nothing may go",
        members: ["field": .text("latest")])
    }
    let now = clock.now()
    if isDryRun {
      return try await catalog.read { try Self.candidates(of: name, policy, at: now, $0).bundles }
    }
    return try await catalog.write { transaction in
      let (repo, bundles) = try Self.candidates(of: name, policy, at: now, transaction)
      for bundle in bundles {
        try RepoRegister.delete(bundle, of: repo, by: actor, at: now, in: transaction)
      }
      return bundles
    }
  }

  /// Who deletes what a repo's rules let go, in the record of changes.
  package static let rulesActor = "retention"

  /// Applies the rules of all repos that have some.
  package func applyRules() async throws {
    var after: RepoName?
    while true {
      let cursor = after
      let page = try await catalog.read { try $0.repos(after: cursor, limit: 100) }
      for repo in page where !repo.retention.isEmpty {
        _ = try await run(repo.name, repo.retention, isDryRun: false, by: Self.rulesActor)
      }
      guard let last = page.last else { return }
      after = last.name
    }
  }

  private static func candidates(
    of name: RepoName, _ policy: RetentionPolicy, at now: Timestamp, _ reader: any CatalogReader
  ) throws -> (repo: RepoRecord, bundles: [BundleRecord]) {
    let repo = try RepoRegister.require(name, in: reader)
    var found: [BundleRecord] = []
    var rank = 0
    var before: Int64?
    while true {
      let page = try reader.bundles(of: name, before: before, limit: 500)
      for bundle in page {
        if policy.letsGo(bundle, rank: rank, at: now), try reader.labels(of: bundle.id).isEmpty {
          found.append(bundle)
        }
        rank += 1
      }
      guard let last = page.last else { break }
      before = last.sequence
    }
    return (repo, Array(found.reversed().prefix(batchCount)))
  }
}

extension RetentionPolicy {
  /// Whether the rules let a bundle go that has `rank` newer ones before it; labels are not asked.
  package func letsGo(_ bundle: BundleRecord, rank: Int, at now: Timestamp) -> Bool {
    guard !isEmpty, rank > 0 else { return false }
    if let latest, rank < latest { return false }
    if let ageSeconds, bundle.createdAt.adding(seconds: ageSeconds) > now { return false }
    return true
  }
}
