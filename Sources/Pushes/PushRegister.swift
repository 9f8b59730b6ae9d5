import Catalog
import Platform
import Vocabulary

/// What a client asks for when it opens a push.
package struct PushRequest: Sendable {
  package var repo: RepoName
  package var message: String
  package var label: LabelName?
  package var author: String?
  package var sealWhenComplete: Bool
  /// nil: any files may come.
  package var files: [ExpectedFile]?
  package var conflicts: ConflictPolicy
  /// Whether it may be sealed without any file.
  package var allowsEmpty: Bool

  package init(
    repo: RepoName, message: String, label: LabelName? = nil, author: String? = nil,
    sealWhenComplete: Bool = false,
    files: [ExpectedFile]? = nil, conflicts: ConflictPolicy = .refuse, allowsEmpty: Bool = false
  ) {
    self.allowsEmpty = allowsEmpty
    self.conflicts = conflicts
    self.repo = repo
    self.message = message
    self.label = label
    self.author = author
    self.sealWhenComplete = sealWhenComplete
    self.files = files
  }
}

/// Opens, seals, cancels and retries pushes; each is one catalog transaction.
package struct PushRegister: Sendable {
  package static let maximumFiles = 1_000_000
  package static let maximumMessageBytes = 4096
  /// At most this many items in the list of what keeps a push from being sealed.
  package static let missingLimit = 100

  private let catalog: any CatalogStore
  private let clock: any WallClock
  private let entropy: any Entropy
  private let expirySeconds: Int64
  /// Called after a transaction that gave the scheduler something to do.
  private let wakeScheduler: @Sendable () -> Void

  package init(
    catalog: any CatalogStore, clock: any WallClock, entropy: any Entropy, expirySeconds: Int64,
    wakeScheduler: @escaping @Sendable () -> Void
  ) {
    self.catalog = catalog
    self.clock = clock
    self.entropy = entropy
    self.expirySeconds = expirySeconds
    self.wakeScheduler = wakeScheduler
  }

  /// One that expects no file at all and seals itself is sealed at once.
  ///
  /// - Throws: `ProblemError`: `bad-request`, `bad-path` or `path-conflict`.
  package func open(_ request: PushRequest, by actor: String? = nil) async throws -> PushRecord {
    try check(request)
    let now = clock.now()
    let push = PushRecord(
      id: .make(clock: clock, entropy: entropy), state: .open, origin: .client, repo: request.repo,
      message: request.message, label: request.label, author: request.author,
      sealWhenComplete: request.sealWhenComplete, expectedCount: request.files.map { Int64($0.count) },
      expectedBytes: request.files.map { $0.reduce(0) { $0 + $1.size } }, createdAt: now,
      expiresAt: now.adding(seconds: expirySeconds), conflictPolicy: request.conflicts,
      allowsEmpty: request.allowsEmpty)
    let (opened, isQueued) = try await catalog.write { transaction in
      if try transaction.repo(push.repo) == nil {
        try transaction.ensureRepo(push.repo, description: nil, at: now)
        try transaction.record(
          NewEvent(at: now, kind: .repoCreated, subject: push.repo.text, repo: push.repo, actor: actor))
      }
      try transaction.insert(push, expecting: request.files ?? [])
      try transaction.record(PushRules.event(.pushOpened, push, at: now, by: actor))
      guard push.expectedCount == 0, try PushRules.sealIfComplete(push.id, at: now, in: transaction) else {
        return (push, false)
      }
      return (try PushRules.requirePush(push.id, in: transaction), true)
    }
    if isQueued { wakeScheduler() }
    return opened
  }

  /// Queues the push; sealing again changes nothing.
  ///
  /// - Throws: `ProblemError`: `not-found`, `push-closed`, or `push-incomplete` with the list of what is missing.
  package func seal(_ id: PushID) async throws -> PushRecord { try await attemptSeal(id).get() }

  /// As `seal`, for who would wait for hashes: whether that is all is seen in the same look at the push.
  ///
  /// - Throws: as `seal`.
  package func attemptSeal(_ id: PushID, by actor: String? = nil) async throws -> SealAttempt {
    let now = clock.now()
    let attempt: SealAttempt = try await catalog.write { transaction in
      let push = try PushRules.requirePush(id, in: transaction)
      switch push.state {
      case .queued, .admitted, .committing, .committed: return .sealedBefore(push)
      case .failed, .cancelled, .expired: throw PushRules.closed(push)
      case .open: break
      }
      let files = try transaction.missing(ofPush: id, limit: Self.missingLimit)
      var missing = files.map { ["path": $0.path, "reason": $0.reason.rawValue] }
      if missing.isEmpty, !push.allowsEmpty, try transaction.pushProgress(id).total == 0 {
        missing = [["path": "", "reason": "empty"]]
      }
      guard missing.isEmpty else {
        let problem = ProblemError(
          .pushIncomplete,
          detail: "push \(id) cannot be sealed: \(Self.summary(of: missing))",
          members: ["missing": .list(missing)])
        guard try Self.areBeingVerified(files, of: id, in: transaction) else { throw problem }
        return .verifying(problem)
      }
      try PushRules.queue(push, by: actor, at: now, in: transaction)
      return .sealed(try PushRules.requirePush(id, in: transaction))
    }
    if case .sealed = attempt { wakeScheduler() }
    return attempt
  }

  private static func areBeingVerified(
    _ files: [MissingFile], of push: PushID, in reader: any CatalogReader
  ) throws -> Bool {
    guard !files.isEmpty, files.count < missingLimit else { return false }
    return try files.allSatisfy { file in
      try reader.upload(ofPush: push, at: BundlePath(file.path))?.state == .received
    }
  }

  /// The first of what is missing, and how much more there is.
  private static func summary(of missing: [[String: String]]) -> String {
    let named = missing.prefix(3).map { item in
      let path = item["path"] ?? ""
      return path.isEmpty
        ? "it has no files; send some, or open another push with allowEmpty for an empty bundle"
        : "\(quoted(path)) is \(item["reason"] ?? "missing")"
    }
    let more = missing.count - named.count
    let bound = missing.count == missingLimit ? "at least " : ""
    return named.joined(separator: ", ") + (more > 0 ? ", and \(bound)\(more) more" : "")
  }

  /// Cancels the push; a commit under way then leaves no bundle. Cancelling again changes nothing.
  ///
  /// - Throws: `ProblemError`: `not-found`, or `push-closed` when it is committed or has expired.
  package func cancel(_ id: PushID, by actor: String? = nil) async throws -> PushRecord {
    let now = clock.now()
    return try await catalog.write { transaction in
      var push = try PushRules.requirePush(id, in: transaction)
      if push.state == .cancelled { return push }
      if push.state == .committed || push.state == .expired { throw PushRules.closed(push) }
      try Self.end(&push, as: .cancelled, event: .pushCancelled, by: actor, at: now, in: transaction)
      return push
    }
  }

  /// Ends an open push nobody has touched for its lifetime; one that was sealed or touched since is left alone.
  package func expire(_ id: PushID) async throws {
    let now = clock.now()
    try await catalog.write { transaction in
      guard var push = try transaction.push(id), push.state == .open, let expiresAt = push.expiresAt,
        expiresAt <= now
      else { return }
      try Self.end(&push, as: .expired, event: .pushExpired, at: now, in: transaction)
    }
  }

  /// failed → queued, or a queued push's retry at once; with all attempts anew. A push whose files were not all taken
  /// in from its source: failed → open.
  ///
  /// - Throws: `ProblemError`: `not-found`, or `push-closed` for a push that neither failed nor waits for a retry.
  package func retry(_ id: PushID, by actor: String? = nil) async throws -> PushRecord {
    let now = clock.now()
    let push = try await catalog.write { transaction in
      var push = try PushRules.requirePush(id, in: transaction)
      guard push.state == .failed || push.state == .queued && push.notBefore != nil else {
        throw ProblemError(
          .pushClosed, detail: "push \(id) is \(push.state.rawValue); only a failed push can be retried")
      }
      push.attempts = 0
      push.notBefore = nil
      if try !PushRules.reopenSource(push, by: actor, at: now, in: transaction) {
        try PushRules.queue(push, by: actor, at: now, in: transaction)
      }
      return try PushRules.requirePush(id, in: transaction)
    }
    wakeScheduler()
    return push
  }

  private static func end(
    _ push: inout PushRecord, as state: PushState, event: EventKind, by actor: String? = nil,
    at now: Timestamp, in transaction: any CatalogTransaction
  ) throws {
    push.state = state
    push.finishedAt = now
    push.expiresAt = nil
    push.notBefore = nil
    try transaction.update(push)
    try transaction.plan(.releaseUploads, push.id.text)
    try transaction.record(PushRules.event(event, push, at: now, by: actor))
  }

  private func check(_ request: PushRequest) throws(ProblemError) {
    guard !request.message.isEmpty, request.message.utf8.count <= Self.maximumMessageBytes else {
      throw ProblemError(
        .badRequest,
        detail: "message must have 1 to \(Self.maximumMessageBytes) bytes, not \(request.message.utf8.count)",
        members: ["field": .text("message")])
    }
    if let author = request.author, author.utf8.count > 256 {
      throw ProblemError(
        .badRequest, detail: "author must have at most 256 bytes", members: ["field": .text("author")])
    }
    guard let files = request.files else {
      if request.sealWhenComplete {
        throw ProblemError(
          .badRequest,
          detail: "sealWhenComplete needs files: without the list nobody knows when the push is complete",
          members: ["field": .text("sealWhenComplete")])
      }
      return
    }
    guard !files.isEmpty || request.allowsEmpty else {
      throw ProblemError(
        .badRequest,
        detail: "files is empty; name 1 to \(Self.maximumFiles) files, or say allowEmpty for an empty bundle",
        members: ["field": .text("files")])
    }
    guard files.count <= Self.maximumFiles else {
      throw ProblemError(
        .badRequest, detail: "files must name at most \(Self.maximumFiles) files, not \(files.count)",
        members: ["field": .text("files")])
    }
    let sorted = files.sorted { $0.path < $1.path }
    var folders: [BundlePath] = []
    var total: Int64 = 0
    for file in sorted {
      let (sum, overflow) = total.addingReportingOverflow(file.size)
      guard file.size >= 0, !overflow else {
        throw ProblemError(
          .badRequest, detail: "size \(file.size) of \(quoted(file.path.text)) is not a byte count",
          members: ["path": .text(file.path.text)])
      }
      total = sum
      if let previous = folders.first(where: { $0 == file.path || $0.contains(file.path) }) {
        throw ProblemError(
          .pathConflict,
          detail: "path \(quoted(file.path.text)) collides with \(quoted(previous.text)) in files",
          members: ["path": .text(file.path.text)])
      }
      // Only paths that are a prefix of what follows can still collide with it.
      folders.removeAll { !file.path.text.utf8.starts(with: $0.text.utf8) }
      folders.append(file.path)
    }
  }
}
