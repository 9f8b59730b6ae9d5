import Foundation
import NIOHTTP1
import Vocabulary

/// A repo as JSON, and as `--json` prints it.
package struct RepoAnswer: Codable, Sendable {
  package struct Latest: Codable, Sendable {
    package var id: String
    package var sequence: Int64
    package var digest: String
  }
  package struct Retention: Codable, Sendable {
    package var latest: Int?
    package var ageSeconds: Int64?
    package init(latest: Int?, ageSeconds: Int64?) {
      self.latest = latest
      self.ageSeconds = ageSeconds
    }
  }
  package var name: String
  package var description: String?
  package var createdAt: String
  package var bundleCount: Int64
  package var latest: Latest?
  package var weight: Int?
  package var retention: Retention?
}

/// A label with the bundle it is on.
package struct LabelAnswer: Codable, Sendable {
  package var name: String
  package var repo: String
  package var bundle: RepoAnswer.Latest?
}

/// Where a label was put, or that it was removed.
package struct LabelMoveAnswer: Codable, Sendable {
  package var sequence: Int64
  package var label: String
  package var bundle: String?
  package var actor: String?
  package var at: String
}

/// What thinning out deleted, or would delete.
package struct SquashAnswer: Codable, Sendable {
  package var dryRun: Bool
  package var bundles: [BundleAnswer]
  /// False: there is more to delete; ask again.
  package var isComplete: Bool
}

/// What is to be different about a repo; nil stays.
package struct RepoChangeRequest: Encodable, Sendable {
  package var name: String?
  package var description: String?
  package var weight: Int?
  package var retention: RepoAnswer.Retention?

  package init(
    name: String? = nil, description: String? = nil, weight: Int? = nil,
    retention: RepoAnswer.Retention? = nil
  ) {
    self.name = name
    self.description = description
    self.weight = weight
    self.retention = retention
  }
}

extension GatewayAPI {
  private static let repos = ["api", "v1", "repos"]
  private func path(_ repo: RepoName) -> [String] { Self.repos + [repo.text] }

  package func repos(retrier: Retrier) async throws -> [RepoAnswer] {
    try await all(RepoAnswer.self, Self.repos, retrier: retrier)
  }

  package func repo(_ name: RepoName) async throws -> RepoAnswer {
    try await get(RepoAnswer.self, path(name))
  }

  package func createRepo(_ name: RepoName, description: String?) async throws -> RepoAnswer {
    var fields = ["name": name.text]
    fields["description"] = description
    return try await post(RepoAnswer.self, Self.repos, json: try JSONEncoder().encode(fields))
  }

  package func changeRepo(_ name: RepoName, _ change: RepoChangeRequest) async throws -> RepoAnswer {
    try await exchange(RepoAnswer.self, .PATCH, path(name), json: try JSONEncoder().encode(change))
  }

  package func deleteRepo(_ name: RepoName) async throws { try await delete(path(name)) }

  package func squash(
    _ name: RepoName, latest: Int?, ageSeconds: Int64?, isDryRun: Bool
  ) async throws -> SquashAnswer {
    struct Fields: Encodable {
      var latest: Int?
      var ageSeconds: Int64?
      var dryRun: Bool
    }
    let fields = Fields(latest: latest, ageSeconds: ageSeconds, dryRun: isDryRun)
    return try await post(
      SquashAnswer.self, path(name) + ["squash"], json: try JSONEncoder().encode(fields), patience: .patient)
  }

  package func deleteBundle(_ bundle: BundleAddress) async throws {
    try await delete(path(bundle.repo) + ["bundles", bundle.reference])
  }

  /// By name, those that begin with `prefix`.
  package func labels(of repo: RepoName, prefix: String, retrier: Retrier) async throws -> [LabelAnswer] {
    try await all(LabelAnswer.self, path(repo) + ["labels"], query: [("prefix", prefix)], retrier: retrier)
  }

  package func label(_ label: LabelName, of repo: RepoName) async throws -> LabelAnswer {
    try await get(LabelAnswer.self, path(repo) + ["labels", label.text])
  }

  package func setLabel(_ label: LabelName, of repo: RepoName, to reference: String) async throws
    -> LabelAnswer
  {
    try await exchange(
      LabelAnswer.self, .PUT, path(repo) + ["labels", label.text],
      json: try JSONEncoder().encode(["bundle": reference]))
  }

  package func removeLabel(_ label: LabelName, of repo: RepoName) async throws {
    try await delete(path(repo) + ["labels", label.text])
  }

  /// Newest first; of all labels when `label` is nil.
  package func labelMoves(
    of repo: RepoName, label: LabelName?, retrier: Retrier
  ) async throws -> [LabelMoveAnswer] {
    let segments = label.map { path(repo) + ["labels", $0.text, "moves"] } ?? path(repo) + ["label-moves"]
    return try await all(LabelMoveAnswer.self, segments, retrier: retrier)
  }
}
