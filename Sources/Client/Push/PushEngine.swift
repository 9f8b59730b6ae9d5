import Platform
import Vocabulary

/// What a push is of.
package struct PushPlan: Sendable {
  package var repo: RepoName
  package var label: LabelName?
  package var message: String
  package var files: [SourceFile]
  /// Files under way at the same time.
  package var parallel: Int
  /// What files must have, by their paths: the server refuses other content.
  package var declared: [BundlePath: Digest] = [:]
  /// Who makes the push, and who sends these files.
  package var author: String?
  /// What the server does when several clients bring one path: `refuse`, `keep-first` or `latest-wins`.
  package var conflicts: String?
  /// The open push that the files go into; nil: a push of their own.
  package var into: PushID?
  /// Whether the push is sealed at the end, and its bundle waited for.
  package var seals: Bool
  /// Whether the push may become a bundle without files.
  package var allowsEmpty = false

  package init(
    repo: RepoName, label: LabelName?, message: String, files: [SourceFile], parallel: Int,
    author: String? = nil, conflicts: String? = nil, into: PushID? = nil, seals: Bool = true
  ) {
    self.author = author
    self.conflicts = conflicts
    self.into = into
    self.seals = seals
    self.repo = repo
    self.label = label
    self.message = message
    self.files = files
    self.parallel = parallel
  }

  /// Others may add to the push too.
  var isShared: Bool { into != nil || !seals }
}

/// What a push came to.
package struct PushResult: Sendable, Equatable {
  /// nil while the push is open.
  package var bundle: BundleName?
  package var repo: String
  package var push: String
  package var files: Int
  package var bytes: Int64
}

/// The bundle that a push became.
package struct BundleName: Sendable, Equatable {
  package var id: String
  package var sequence: Int64
  package var digest: String
}

/// Takes a set of files to a gateway as one push, from wherever an earlier run left it.
package struct PushEngine: Sendable {
  private let api: GatewayAPI
  private let plan: PushPlan
  private let journal: PushJournal
  private let retrier: Retrier
  private let board: ProgressBoard
  private let io: any IOExecutor
  private let fileSystem: any FileSystem
  private let cache: DigestCache
  private let notice: @Sendable (String) -> Void

  /// - Parameter cache: what is known of local files from earlier runs.
  /// - Parameter notice: told, in one sentence each, what a person at the terminal should know.
  package init(
    api: GatewayAPI, plan: PushPlan, journal: PushJournal, board: ProgressBoard, io: any IOExecutor,
    policy: RetryPolicy = RetryPolicy(), pacer: Pacer = .system(),
    fileSystem: any FileSystem = LinuxFileSystem(), cache: DigestCache,
    notice: @escaping @Sendable (String) -> Void
  ) {
    self.cache = cache
    self.api = api
    self.plan = plan
    self.journal = journal
    self.board = board
    self.io = io
    self.fileSystem = fileSystem
    self.notice = notice
    retrier = Retrier(server: api.server, policy: policy, pacer: pacer) { error, seconds in
      board.update { $0.retries += 1 }
      // The first waits are short and mostly help; only a longer one is news.
      if seconds >= 2 { notice("\(error); trying again in \(Int(seconds.rounded())) s") }
    }
  }

  /// Sends what is missing, seals, and waits for the bundle.
  ///
  /// - Throws: `PushFailure`, `Unreachable`, `ClientError`, or `CancellationError`; the journal stays, so that running
  ///   it again goes on from there.
  package func run() async throws -> PushResult {
    board.update {
      $0.filesTotal = plan.files.count
      $0.bytesTotal = plan.files.reduce(0) { $0 + $1.size }
    }
    do {
      let result = try await finish(try await prepare())
      try await journal.remove()
      return result
    } catch {
      // Not lost with an error or an interruption: what is known so far spares asking the next time.
      await flushJournal()
      throw error
    }
  }

  private func flushJournal() async {
    do { try await journal.flush() } catch { notice("the journal could not be written: \(error)") }
  }

  private enum Stage {
    case send(PushAnswer, PushID, [TransferItem])
    case await(PushID)
  }

  private func finish(_ stage: Stage) async throws -> PushResult {
    switch stage {
    case .await(let id):
      board.update {
        $0.filesDone = $0.filesTotal
        $0.bytesAcked = $0.bytesTotal
        $0.bytesResumed = $0.bytesTotal
      }
      return try await awaitBundle(of: id)
    case .send(let push, let id, let items):
      try await send(items, to: id, of: push)
      // Once sealed, only a complete record tells a repetition that nothing is left to send.
      await flushJournal()
      guard plan.seals else { return result(push, bundle: nil) }
      try await seal(id)
      return try await awaitBundle(of: id)
    }
  }

  /// Opens a push, or finds the place where an earlier run stopped.
  private func prepare() async throws -> Stage {
    if let complaint = journal.complaint { notice(complaint) }
    if let into = plan.into { return try await join(into) }
    if let record = journal.record, let id = PushID(record.push) {
      if let stage = try await resume(record, id) { return stage }
    }
    let files = plan.files.map { AnnouncedFile(path: $0.path.text, size: $0.size) }
    let declared = plan.files.map {
      AnnouncedFile(path: $0.path.text, size: $0.size, sha256: plan.declared[$0.path]?.hex)
    }
    var opening = PushOpening(
      repo: plan.repo, message: plan.message, label: plan.label, author: plan.author,
      conflicts: plan.conflicts, files: plan.isShared ? nil : declared)
    if plan.allowsEmpty { opening.allowEmpty = true }
    let answer = try await retrier.run { [opening] in try await api.openPush(opening) }
    guard let id = PushID(answer.id) else { throw ClientError.unexpected("the new push has no id") }
    try await journal.begin(JournalRecord(server: api.server.text, push: id.text, announced: files))
    return .send(answer, id, plan.files.map { TransferItem(file: $0, step: .send) })
  }

  /// Goes into an open push; only what this client's journal remembers is its own there.
  private func join(_ id: PushID) async throws -> Stage {
    let answer = try await retrier.run { try await api.push(id) }
    guard answer.pushState == .open else {
      throw PushFailure.closed("push \(id) is \(answer.state) and takes no more files")
    }
    let files = plan.files.map { AnnouncedFile(path: $0.path.text, size: $0.size) }
    guard journal.record?.push == id.text else {
      try await journal.begin(JournalRecord(server: api.server.text, push: id.text, announced: files))
      return .send(answer, id, plan.files.map { TransferItem(file: $0, step: .send) })
    }
    journal.announce(files)
    let uploads = try await api.uploads(of: id, retrier: retrier)
    try await endAbandoned(uploads)
    return .send(answer, id, items(for: uploads))
  }

  /// Ends this client's unfinished uploads of files that are not sent any more: they would keep the push from being
  /// sealed.
  private func endAbandoned(_ uploads: [UploadAnswer]) async throws {
    let wanted = Set(plan.files.map(\.path))
    for upload in uploads where upload.uploadState == .created || upload.uploadState == .receiving {
      guard let path = upload.path.flatMap({ try? BundlePath($0) }), !wanted.contains(path),
        isOurs(upload, path), let id = UploadID(upload.id)
      else { continue }
      try await retrier.run { try await api.deleteUpload(id) }
      journal.forget(path)
    }
  }

  /// Where to go on with the push of an earlier run; nil when a new one is needed.
  private func resume(_ record: JournalRecord, _ id: PushID) async throws -> Stage? {
    let answer: PushAnswer
    do {
      answer = try await retrier.run { try await api.push(id) }
    } catch let error as ClientError where error.meansGone {
      notice("the push of the earlier run is gone; starting anew")
      return nil
    }
    let isUnchanged = ResumeStep.isUnchanged(record, plan.files)
    switch answer.pushState {
    case .open:
      // Others' files are in a shared push too, and it takes any file.
      if plan.isShared { return try await join(id) }
      guard ResumeStep.fits(record, plan.files) else {
        notice("files were added, removed or have another size since the earlier run; starting anew")
        // Without it the old push would only expire later.
        do { try await api.cancelPush(id) } catch is ClientError {}
        return nil
      }
      let uploads = try await api.uploads(of: id, retrier: retrier)
      return .send(answer, id, items(for: uploads))
    case .queued, .admitted, .committing, .committed:
      guard isUnchanged else { return nil }
      notice("the earlier run had sent everything; nothing is sent again")
      return .await(id)
    case .failed:
      guard isUnchanged else { return nil }
      notice("the server could not commit the push of the earlier run; asking it to try again")
      _ = try await retrier.run { try await api.retryPush(id) }
      return .await(id)
    case .cancelled, .expired, nil:
      notice("the push of the earlier run is \(answer.state); starting anew")
      return nil
    }
  }

  private func items(for uploads: [UploadAnswer]) -> [TransferItem] {
    var byPath: [BundlePath: UploadAnswer] = [:]
    for upload in uploads {
      guard let text = upload.path, let path = try? BundlePath(text), isOurs(upload, path) else { continue }
      // A path may have ended uploads besides its living one.
      let isOver = upload.uploadState == .cancelled || upload.uploadState == .expired
      if byPath[path] == nil || !isOver { byPath[path] = upload }
    }
    return plan.files.map { file in
      let server = byPath[file.path]
      let isFinished = server?.uploadState?.isFinished == true
      return TransferItem(
        file: file,
        step: ResumeStep.decide(file: file, remembered: journal.file(file.path), server: server),
        storedDigest: isFinished ? server?.digest.flatMap { Digest(hex: $0) } : nil)
    }
  }

  /// In a push of several clients another's upload is never gone on with, replaced or deleted.
  private func isOurs(_ upload: UploadAnswer, _ path: BundlePath) -> Bool {
    guard plan.isShared else { return true }
    guard let id = UploadID(upload.id) else { return false }
    return journal.file(path)?.uploadURL == api.address(of: id)
  }

  private func send(_ items: [TransferItem], to id: PushID, of push: PushAnswer) async throws {
    let context = TransferContext(
      api: api, push: id, retrier: retrier, journal: journal, board: board, io: io, fileSystem: fileSystem,
      limit: AppendLimit(), batches: BatchSupport(), isShared: plan.isShared,
      author: plan.author == push.author ? nil : plan.author, notice: notice)
    let failed = try await journalled {
      let known = KnownFiles(
        context: context, repo: try RepoName(push.repo), cache: cache, clock: SystemClock(),
        parallel: plan.parallel)
      return try await inParallel(BatchPlan.units(of: try await known.run(items)), limit: plan.parallel) {
        unit in
        switch unit {
        case .alone(let item): try await FileTransfer.report(item, context).map { [$0] }
        case .batch(let items): try await BatchTransfer(context: context).run(items)
        }
      }
    }.flatMap { $0 }
    guard failed.isEmpty else { throw PushFailure.files(failed.sorted { $0.path < $1.path }) }
  }

  /// Runs `body` while the journal is written; afterwards nobody writes it but the caller.
  private func journalled<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
    let writer = Task { [journal, notice] in
      await journal.keepWriting { notice("the journal could not be written: \($0)") }
    }
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    writer.cancel()
    await writer.value
    return try result.get()
  }

  private func seal(_ id: PushID) async throws {
    try await Self.seal(id, api: api, retrier: retrier)
  }

  private static func seal(_ id: PushID, api: GatewayAPI, retrier: Retrier) async throws {
    var wait = Backoff()
    var patience = RetryState(retrier.policy)
    while true {
      do {
        _ = try await retrier.run(unless: { $0.has(.pushIncomplete) }, { try await api.sealPush(id) })
        return
      } catch let error as ClientError where error.has(.pushIncomplete) {
        // It has no path to name; what the server says tells what to do.
        if error.items.contains(where: { $0.reason == "empty" }) { throw error }
        let lost = error.items.filter { $0.reason != "unfinished" }
        guard lost.isEmpty else {
          throw PushFailure.files(
            lost.map { .init(path: $0.path, reason: "the server says it is \($0.reason)") })
        }
        // Large files are still being verified; the wait is the server's work, so only its length is limited.
        guard patience.failed(at: retrier.pacer.now(), random: 0) != .giveUp else {
          throw Unreachable(server: api.server, last: error)
        }
        try await retrier.pacer.sleep(wait.next())
      }
    }
  }

  private func result(_ push: PushAnswer, bundle: BundleName?) -> PushResult {
    PushResult(
      bundle: bundle, repo: push.repo, push: push.id, files: plan.files.count,
      bytes: plan.files.reduce(0) { $0 + $1.size })
  }

  /// Seals a push that others may have made, and waits for its bundle.
  ///
  /// - Throws: as `run`.
  package static func seal(
    _ id: PushID, api: GatewayAPI, policy: RetryPolicy, notice: @escaping @Sendable (String) -> Void
  ) async throws -> PushAnswer {
    let retrier = Retrier(server: api.server, policy: policy, pacer: .system())
    try await seal(id, api: api, retrier: retrier)
    return try await awaitCommit(of: id, api: api, retrier: retrier, notice: notice)
  }

  private func awaitBundle(of id: PushID) async throws -> PushResult {
    let answer = try await Self.awaitCommit(of: id, api: api, retrier: retrier, notice: notice)
    guard let bundle = answer.bundle else {
      throw ClientError.unexpected("a committed push names no bundle")
    }
    return result(
      answer, bundle: BundleName(id: bundle.id, sequence: bundle.sequence, digest: bundle.digest))
  }

  private static func awaitCommit(
    of id: PushID, api: GatewayAPI, retrier: Retrier, notice: @Sendable (String) -> Void
  ) async throws -> PushAnswer {
    var wait = Backoff()
    var told: String?
    while true {
      let answer = try await retrier.run { try await api.push(id) }
      switch answer.pushState {
      case .committed: return answer
      case .failed:
        throw PushFailure.commit(
          code: answer.error?.code ?? "unknown", message: answer.error?.message ?? "it gave no reason")
      case .cancelled, .expired: throw PushFailure.closed("push \(id) was \(answer.state)")
      case .open, .queued, .admitted, .committing, nil:
        if let error = answer.error, error.code != told {
          notice("the commit failed (\(error.code)): \(error.message); the server tries again")
          told = error.code
        }
        try await retrier.pacer.sleep(wait.next())
      }
    }
  }
}

/// Waits between questions: from 0.1 s, growing to 2 s.
struct Backoff {
  private var seconds = 0.1
  mutating func next() -> Double {
    defer { seconds = min(2, seconds * 1.5) }
    return seconds
  }
}
