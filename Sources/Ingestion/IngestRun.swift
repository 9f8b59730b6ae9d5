import Blobs
import Catalog
import Platform
import Pushes
import Vocabulary

/// Takes one push in: scan, files, seal. Safe to begin again after a crash at any point.
struct IngestRun: Sendable {
  private static let pageSize = 512
  /// Content of small files that is in memory at once.
  private static let batchBytes: Int64 = 8 << 20
  private static let maximumNotes = 100
  private static let cleaningBatch = 1000

  let push: PushRecord
  let sources: SourceList
  let services: IngestServices
  let stop: IngestStop
  let progress: Locked<IngestProgress>

  /// - Throws: `ProblemError` that the push fails with, `IngestStopped`, or what the catalog throws.
  func run() async throws {
    guard let folder = push.source else {
      throw ProblemError(.internalError, detail: "push \(push.id) names no source")
    }
    guard let source = sources[folder.name] else {
      throw ProblemError(
        .sourceUnavailable, detail: "source \(quoted(folder.name)) is not configured any more")
    }
    let base = folder.path.isEmpty ? nil : try BundlePath(folder.path)
    let tree = try await services.executor.run { () throws(ProblemError) in try source.tree() }
    do {
      if push.expectedCount == nil { try await scan(source, tree, base?.text ?? "") }
      progress.withLock { $0.phase = .taking }
      try await takeAll(source, tree, base?.text ?? "")
      try await seal()
    } catch let error as BlobError {
      services.report("push \(push.id): \(error)")
      throw error.problem
    }
  }

  // MARK: Scan

  private func scan(_ source: Source, _ tree: any SourceTree, _ base: String) async throws {
    try await clean()
    await services.log(
      push.id, "scan begins: source \(quoted(source.name)), folder \(quoted(base.isEmpty ? "/" : base))")
    let isWhole = try await services.catalog.read { [push] in
      try $0.selectedPaths(ofPush: push.id, after: nil, limit: 1).isEmpty
    }
    let scan = SourceScan(source, tree, base: base, all: isWhole)
    var notes = 0
    if !isWhole { try await select(scan) }
    while true {
      try stop.check()
      guard let page = try await services.executor.run({ try scan.next() }) else { break }
      for note in page.notes {
        notes += 1
        if notes <= Self.maximumNotes { await services.log(push.id, note) }
      }
      try await expect(page.files)
    }
    if notes > Self.maximumNotes {
      await services.log(push.id, "and \(notes - Self.maximumNotes) more left out")
    }
    try await concludeScan()
  }

  private func select(_ scan: SourceScan) async throws {
    var after: String?
    repeat {
      try stop.check()
      let cursor = after
      let paths = try await services.catalog.read { [push] in
        try $0.selectedPaths(ofPush: push.id, after: cursor, limit: Self.pageSize)
      }
      let page = try await services.executor.run { try scan.select(paths) }
      try await expect(page.files)
      after = paths.last?.text
    } while after != nil
  }

  private func expect(_ files: [ExpectedFile]) async throws {
    guard !files.isEmpty else { return }
    progress.withLock { $0.filesFound += Int64(files.count) }
    try await change { transaction, push in try transaction.expect(files, ofPush: push.id) }
  }

  /// Takes back what an earlier scan found, and what came of it.
  private func clean() async throws {
    var after: String?
    repeat {
      try stop.check()
      let cursor = after
      after = try await change { transaction, push in
        let now = services.clock.now()
        let page = try transaction.uploads(ofPush: push.id, after: cursor, limit: Self.cleaningBatch)
        for var upload in page where upload.state != .rejected {
          upload.state = .cancelled
          upload.updatedAt = now
          try transaction.update(upload)
          try transaction.record(
            NewEvent(at: now, kind: .uploadCancelled, subject: upload.id.text))
        }
        return page.last?.path.text
      }
    } while after != nil
    while try await change({ transaction, push in
      try transaction.forgetExpected(ofPush: push.id, limit: Self.cleaningBatch)
    }) > 0 { try stop.check() }
  }

  private func concludeScan() async throws {
    let (count, bytes) = try await change { transaction, push in
      let totals = try transaction.expectedTotals(ofPush: push.id)
      guard totals.count > 0 || push.allowsEmpty else {
        throw ProblemError(
          .pushIncomplete,
          detail: "the folder has no files to push; a push with allowEmpty makes an empty bundle of it")
      }
      var push = push
      push.expectedCount = totals.count
      push.expectedBytes = totals.bytes
      push.sealWhenComplete = true
      try transaction.update(push)
      return totals
    }
    await services.log(push.id, "scan ended: \(count) files, \(bytes) bytes")
  }

  // MARK: Files

  private func takeAll(_ source: Source, _ tree: any SourceTree, _ base: String) async throws {
    let hints = try await latestPush()
    while true {
      try stop.check()
      let page = try await services.catalog.read { [push] in
        try $0.absentFiles(ofPush: push.id, limit: Self.pageSize)
      }
      guard !page.isEmpty else { return }
      for batch in batches(of: page) {
        _ = try await services.requireRoom(0)
        try await take(batch) { file in
          try await FileIntake(
            file: file, base: base, source: source, tree: tree, run: self, hints: hints
          ).take()
        }
      }
    }
  }

  /// Small files together up to what may be in memory.
  private func batches(of page: [ExpectedFile]) -> [[ExpectedFile]] {
    var batches: [[ExpectedFile]] = [[]]
    var bytes: Int64 = 0
    for file in page {
      let size = min(file.size, Int64(services.smallBytes))
      if bytes + size > Self.batchBytes && !batches[batches.count - 1].isEmpty {
        batches.append([])
        bytes = 0
      }
      batches[batches.count - 1].append(file)
      bytes += size
    }
    return batches
  }

  /// Takes files, as many at a time as the push says, and registers the small ones together.
  private func take(
    _ files: [ExpectedFile], _ body: @escaping @Sendable (ExpectedFile) async throws -> TakenFile?
  ) async throws {
    var small: [TakenFile] = []
    do {
      try await withThrowingTaskGroup(of: TakenFile?.self) { group in
        var rest = files[...]
        for _ in 0..<(push.concurrencyFactor ?? IngestRequest.standardConcurrencyFactor) {
          guard let file = rest.popFirst() else { break }
          group.addTask { try await body(file) }
        }
        while let taken = try await group.next() {
          if let taken { small.append(taken) }
          guard let file = rest.popFirst() else { continue }
          group.addTask { try await body(file) }
        }
      }
    } catch {
      // What was read need not be read again; why it ends is what counts.
      if !small.isEmpty { try? await store(small) }
      throw error
    }
    if !small.isEmpty { try await store(small) }
  }

  /// The push of the repo's latest bundle: unchanged files are probably those it had.
  private func latestPush() async throws -> PushID? {
    try await services.catalog.read { [push] in try $0.latestBundle(of: push.repo)?.push }
  }

  /// Stores small contents, those that are stored already aside, and registers their files.
  private func store(_ files: [TakenFile]) async throws {
    let digests = Array(Set(files.map(\.digest)))
    var extents = try await services.catalog.read { try $0.extents(of: digests) }
    var contents: [Digest: [UInt8]] = [:]
    for file in files where extents[file.digest] == nil {
      if let content = file.content { contents[file.digest] = content }
    }
    let stored = try await withThrowingTaskGroup(of: (Digest, Extent).self) { group in
      for (digest, content) in contents {
        group.addTask { [blobs = services.blobs] in
          (digest, try await blobs.putSmall(content, digest: digest))
        }
      }
      return try await group.reduce(into: [Digest: Extent]()) { $0[$1.0] = $1.1 }
    }
    count(files, written: contents.values.map { Int64($0.count) })
    extents.merge(stored) { known, _ in known }
    try await register(files, extents)
  }

  private func count(_ files: [TakenFile], written: [Int64]) {
    let bytes = written.reduce(0, +)
    services.blobs.counters.add(.written, count: written.count, bytes: bytes)
    services.blobs.counters.add(
      .deduplicated, count: files.count - written.count, bytes: files.reduce(0) { $0 + $1.size } - bytes)
  }

  /// The rows and events of files whose content is stored; the last of them seal the push.
  func register(_ files: [TakenFile], _ extents: [Digest: Extent] = [:]) async throws {
    let isQueued = try await change { transaction, push in
      let now = services.clock.now()
      var difference: Int64 = 0
      for file in files {
        if try transaction.upload(ofPush: push.id, at: file.expected.path) != nil { continue }
        if file.size != file.expected.size {
          difference += file.size - file.expected.size
          try transaction.setExpectedSize(file.size, ofPush: push.id, at: file.expected.path)
        }
        if let extent = extents[file.digest] { try transaction.insert(extent, of: file.digest) }
        try record(file, of: push.id, at: now, in: transaction)
      }
      if difference != 0 {
        var push = push
        push.expectedBytes = push.expectedBytes.map { $0 + difference }
        try transaction.update(push)
      }
      return try PushRules.sealIfComplete(push.id, at: now, in: transaction)
    }
    services.blobs.counters.add(.ingested, count: files.count, bytes: files.reduce(0) { $0 + $1.size })
    if isQueued { services.wakeScheduler() }
  }

  private func record(
    _ file: TakenFile, of push: PushID, at now: Timestamp, in transaction: any CatalogTransaction
  ) throws {
    let upload = UploadRecord(
      id: .make(clock: services.clock, entropy: services.entropy), state: .verified, length: file.size,
      metadata: .none, push: push, path: file.expected.path, filename: nil, declaredDigest: nil,
      digest: file.digest, modifiedAt: file.modifiedAt, mode: file.mode, hashedBytes: file.size, client: nil,
      createdAt: now, updatedAt: now, expiresAt: nil)
    try transaction.insert(upload)
    try transaction.record(
      NewEvent(
        at: now, kind: .uploadCreated, subject: upload.id.text, details: ["path": upload.path.text]))
    try transaction.record(
      NewEvent(
        at: now, kind: .uploadVerified, subject: upload.id.text, details: ["digest": file.digest.hex]))
  }

  /// A push whose last file was registered is queued already; one without any file is queued here.
  private func seal() async throws {
    let isQueued = try await services.catalog.write { [services, push] transaction in
      let push = try PushRules.requirePush(push.id, in: transaction)
      guard push.state == .open else { return false }
      let now = services.clock.now()
      if try PushRules.sealIfComplete(push.id, at: now, in: transaction) { return true }
      throw ProblemError(
        .internalError, detail: "push \(push.id) has all of its files and is not complete")
    }
    if isQueued { services.wakeScheduler() }
    await services.log(push.id, "all files are taken in")
  }

  /// One transaction on the push while it is open.
  private func change<Result: Sendable>(
    _ body: @escaping @Sendable (any CatalogTransaction, PushRecord) throws -> Result
  ) async throws -> Result {
    try await services.catalog.write { [push] transaction in
      let push = try PushRules.requirePush(push.id, in: transaction)
      guard push.state == .open else { throw IngestStopped() }
      return try body(transaction, push)
    }
  }
}
