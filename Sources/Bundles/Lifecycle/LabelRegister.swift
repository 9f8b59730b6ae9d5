import Catalog
import Platform
import Vocabulary

/// Puts labels on bundles and takes them away; each is one catalog transaction with its event (docs/repos.md).
package struct LabelRegister: Sendable {
  private let catalog: any CatalogStore
  private let clock: any WallClock

  package init(catalog: any CatalogStore, clock: any WallClock) {
    self.catalog = catalog
    self.clock = clock
  }

  /// Puts the label on the bundle that `reference` names; nothing happens when it is there.
  ///
  /// - Throws: `ProblemError` with `not-found`, or `bad-request` for an ambiguous reference.
  package func set(
    _ label: LabelName, of repo: RepoName, to reference: String, by actor: String?
  ) async throws -> (bundle: BundleRecord, isNew: Bool) {
    let now = clock.now()
    return try await catalog.write { transaction in
      let bundle = try BundleReference.resolve(reference, in: repo, transaction)
      let before = try transaction.bundle(of: repo, label: label)
      guard before?.id != bundle.id else { return (bundle, false) }
      try Self.move(label, from: before, to: bundle, by: actor, at: now, in: transaction)
      return (bundle, before == nil)
    }
  }

  /// Puts a label on a bundle of its repo, with its event.
  ///
  /// - Parameter before: the bundle that has it now.
  static func move(
    _ label: LabelName, from before: BundleRecord?, to bundle: BundleRecord, by actor: String?,
    at now: Timestamp, in transaction: any CatalogTransaction
  ) throws {
    try transaction.moveLabel(label, of: bundle.repo, to: bundle.id, by: actor, at: now)
    try transaction.planDescription(of: bundle.repo)
    var details = ["bundle": bundle.id.text]
    details["from"] = before?.id.text
    try transaction.record(
      NewEvent(
        at: now, kind: .labelMoved, subject: label.text, repo: bundle.repo, details: details, actor: actor))
  }

  /// Takes the label away; its history stays.
  ///
  /// - Throws: `ProblemError` with `not-found`.
  package func remove(_ label: LabelName, of repo: RepoName, by actor: String?) async throws {
    let now = clock.now()
    try await catalog.write { transaction in
      let bundle = try Self.bundle(of: repo, label: label, transaction)
      try transaction.removeLabel(label, of: repo, by: actor, at: now)
      try transaction.planDescription(of: repo)
      try transaction.record(
        NewEvent(
          at: now, kind: .labelRemoved, subject: label.text, repo: repo, details: ["from": bundle.id.text],
          actor: actor))
    }
  }

  /// The bundle that has the label.
  ///
  /// - Throws: `ProblemError` with `not-found`.
  package static func bundle(
    of repo: RepoName, label: LabelName, _ reader: any CatalogReader
  ) throws -> BundleRecord {
    _ = try RepoRegister.require(repo, in: reader)
    guard let bundle = try reader.bundle(of: repo, label: label) else {
      throw ProblemError(.notFound, detail: "repo \(repo) has no label \(quoted(label.text))")
    }
    return bundle
  }
}
