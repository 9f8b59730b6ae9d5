import Catalog
import Platform
import Vocabulary

/// Creates, changes, renames and deletes repos and their bundles; each is one catalog transaction with its event
/// (docs/repos.md).
package struct RepoRegister: Sendable {
  package static let maximumDescriptionBytes = 4096
  let catalog: any CatalogStore
  let clock: any WallClock

  package init(catalog: any CatalogStore, clock: any WallClock) {
    self.catalog = catalog
    self.clock = clock
  }

  /// Adds the repo; one that is there stays as it is, and `isNew` is false.
  ///
  /// - Throws: `ProblemError` with `bad-request` for a description that is too long.
  package func create(
    _ name: RepoName, description: String?, by actor: String?
  ) async throws -> (repo: RepoRecord, isNew: Bool) {
    try Self.check(description: description)
    let now = clock.now()
    return try await catalog.write { transaction in
      let isNew = try transaction.repo(name) == nil
      if isNew {
        try transaction.ensureRepo(name, description: description, at: now)
        if description != nil { try transaction.planDescription(of: name) }
        try transaction.record(
          NewEvent(at: now, kind: .repoCreated, subject: name.text, repo: name, actor: actor))
      }
      return (try Self.require(name, in: transaction), isNew)
    }
  }

  /// Changes what is said in `change`, and the name last.
  ///
  /// - Throws: `ProblemError`: `not-found`, `bad-request`, `name-taken`, or `busy` while a commit runs in a repo that is
  ///   to be renamed.
  package func change(_ name: RepoName, _ change: RepoChange, by actor: String?) async throws -> RepoRecord {
    try change.check()
    let now = clock.now()
    return try await catalog.write { transaction in
      var repo = try Self.require(name, in: transaction)
      let before = repo
      change.apply(to: &repo)
      if repo != before {
        try transaction.update(repo)
        try transaction.record(
          NewEvent(at: now, kind: .repoChanged, subject: name.text, repo: name, actor: actor))
      }
      if let newName = change.name, newName != name {
        try Self.rename(repo, to: newName, by: actor, at: now, in: transaction)
      }
      let current = change.name ?? name
      try transaction.planDescription(of: current)
      return try Self.require(current, in: transaction)
    }
  }

  private static func rename(
    _ repo: RepoRecord, to newName: RepoName, by actor: String?, at now: Timestamp,
    in transaction: any CatalogTransaction
  ) throws {
    guard try transaction.repo(newName) == nil else {
      throw ProblemError(
        .nameTaken, detail: "there is a repo \(newName) already", members: ["field": .text("name")])
    }
    guard try !transaction.hasPush(in: [.admitted, .committing], of: repo.name) else {
      throw ProblemError(
        .busy, detail: "a push to repo \(repo.name) is being committed; try again when it is done")
    }
    try transaction.renameRepo(repo.name, to: newName)
    try transaction.record(
      NewEvent(
        at: now, kind: .repoRenamed, subject: newName.text, repo: newName,
        details: ["from": repo.name.text], actor: actor))
  }

  /// Deletes the repo with its bundles and labels.
  ///
  /// - Throws: `ProblemError`: `not-found`, or `in-use` while a push to it can still be committed.
  package func delete(_ name: RepoName, by actor: String?) async throws {
    let now = clock.now()
    try await catalog.write { transaction in
      let repo = try Self.require(name, in: transaction)
      guard try !transaction.hasPush(in: [.open, .queued, .admitted, .committing], of: name) else {
        throw ProblemError(
          .inUse, detail: "a push to repo \(name) is not finished; cancel it or wait until it is committed")
      }
      try Self.releaseUploads(of: name, in: transaction)
      try transaction.deleteRepo(name, by: actor, at: now)
      try transaction.plan(.removeFolder, repo.folder.text)
      try transaction.record(
        NewEvent(
          at: now, kind: .repoDeleted, subject: name.text, repo: name,
          details: ["bundles": String(repo.bundleCount)], actor: actor))
    }
  }

  /// Deletes the bundle that `reference` names.
  ///
  /// - Throws: `ProblemError`: `not-found`, or `in-use` when it has a label.
  package func deleteBundle(
    _ reference: String, of name: RepoName, by actor: String?
  ) async throws -> BundleRecord {
    let now = clock.now()
    return try await catalog.write { transaction in
      let repo = try Self.require(name, in: transaction)
      let bundle = try BundleReference.resolve(reference, in: name, transaction)
      let labels = try transaction.labels(of: bundle.id)
      guard labels.isEmpty else {
        let names = labels.prefix(5).map { quoted($0.text) }.joined(separator: ", ")
        throw ProblemError(
          .inUse,
          detail: "bundle \(bundle.id) of repo \(name) has the label \(names); move or remove it first")
      }
      try Self.delete(bundle, of: repo, by: actor, at: now, in: transaction)
      return bundle
    }
  }

  static func delete(
    _ bundle: BundleRecord, of repo: RepoRecord, by actor: String?, at now: Timestamp,
    in transaction: any CatalogTransaction
  ) throws {
    try transaction.deleteBundle(bundle.id, by: actor, at: now)
    try transaction.plan(.releaseUploads, bundle.push.text)
    try transaction.plan(.removeDescriptor, "\(repo.folder)/\(BundleDescriptor.name(bundle))")
    // The number of the newest must not be given again by a catalog that is made from the folder.
    if bundle.sequence == repo.lastSequence { try transaction.planDescription(of: repo.name) }
    try transaction.record(
      NewEvent(
        at: now, kind: .bundleDeleted, subject: bundle.id.text, repo: repo.name,
        details: ["sequence": String(bundle.sequence)], actor: actor))
  }

  private static func releaseUploads(of name: RepoName, in transaction: any CatalogTransaction) throws {
    var before: Int64?
    while true {
      let page = try transaction.bundles(of: name, before: before, limit: 500)
      for bundle in page { try transaction.plan(.releaseUploads, bundle.push.text) }
      guard let last = page.last else { return }
      before = last.sequence
    }
  }

  static func require(_ name: RepoName, in reader: any CatalogReader) throws -> RepoRecord {
    guard let repo = try reader.repo(name) else {
      throw ProblemError(.notFound, detail: "there is no repo \(name)")
    }
    return repo
  }

  /// - Throws: `ProblemError` with `bad-request`.
  package static func check(description: String?) throws(ProblemError) {
    guard let count = description?.utf8.count, count > maximumDescriptionBytes else { return }
    throw ProblemError(
      .badRequest,
      detail: "description has \(count) bytes; it must have at most \(maximumDescriptionBytes)",
      members: ["field": .text("description")])
  }
}

/// What is to be different about a repo; nil is as it was.
package struct RepoChange: Sendable, Equatable {
  package var name: RepoName?
  /// Empty: none.
  package var description: String?
  package var weight: Int?
  package var retention: RetentionPolicy?

  package init(
    name: RepoName? = nil, description: String? = nil, weight: Int? = nil, retention: RetentionPolicy? = nil
  ) {
    self.name = name
    self.description = description
    self.weight = weight
    self.retention = retention
  }

  func apply(to repo: inout RepoRecord) {
    if let description { repo.description = description.isEmpty ? nil : description }
    if let weight { repo.weight = weight }
    if let retention { repo.retention = retention }
  }

  func check() throws(ProblemError) {
    try RepoRegister.check(description: description)
    if let weight, !(1...100).contains(weight) {
      throw ProblemError(
        .badRequest, detail: "weight \(weight) is not a number from 1 to 100",
        members: ["field": .text("weight")])
    }
    try retention?.check()
  }
}

extension RetentionPolicy {
  /// - Throws: `ProblemError` with `bad-request` naming the rule.
  package func check() throws(ProblemError) {
    if let latest, !(1...Self.maximumLatest).contains(latest) {
      throw ProblemError(
        .badRequest, detail: "latest \(latest) is not a number of bundles from 1 to \(Self.maximumLatest)",
        members: ["field": .text("latest")])
    }
    if let ageSeconds, !(0...Self.maximumSeconds).contains(ageSeconds) {
      throw ProblemError(
        .badRequest,
        detail: "ageSeconds \(ageSeconds) is not a number of seconds from 0 to \(Self.maximumSeconds)",
        members: ["field": .text("ageSeconds")])
    }
  }
  private static var maximumLatest: Int { 1_000_000_000 }
  /// A thousand years.
  private static var maximumSeconds: Int64 { 31_557_600_000 }
}

extension CatalogReader {
  /// Whether a push of the repo is in one of these states.
  func hasPush(in states: Set<PushState>, of repo: RepoName) throws -> Bool {
    for status in Set(states.map(\.status)) {
      var before: PushID?
      while true {
        let page = try pushes(status: status, repo: repo, before: before, limit: 500)
        if page.contains(where: { states.contains($0.state) }) { return true }
        guard page.count == 500, let last = page.last else { break }
        before = last.id
      }
    }
    return false
  }
}
