import Blobs
import Catalog
import Platform
import Pushes
import Vocabulary

/// A file of a push that is in memory as a whole.
package struct WholeFile: Sendable {
  package var path: BundlePath
  package var content: [UInt8]
  /// What the client said the SHA-256 is.
  package var declaredDigest: Digest?
  package var modifiedAt: Timestamp?
  /// Permission bits, 0o000…0o777.
  package var mode: Int?

  package init(
    path: BundlePath, content: [UInt8], declaredDigest: Digest? = nil, modifiedAt: Timestamp? = nil,
    mode: Int? = nil
  ) {
    self.path = path
    self.content = content
    self.declaredDigest = declaredDigest
    self.modifiedAt = modifiedAt
    self.mode = mode
  }
}

/// What became of one of many files.
package enum WholeFileOutcome: Sendable {
  case stored(UploadView)
  /// The push has this content at this path already.
  case exists(UploadView)
  /// It arrived, and another file at its path counts instead.
  case superseded(UploadView)
  case refused(ProblemError)
  /// An unfinished upload is in the way: it can be created like any other, which replaces that one.
  case unfinished
}

extension UploadEngine {
  /// Stores small files of one push together: one look at the catalog, one append to a pack, one transaction. What is
  /// wrong with one of them concerns that one alone.
  ///
  /// The caller bounds the number of files and their bytes.
  ///
  /// - Returns: for each file what became of it, in their order.
  /// - Throws: `ProblemError` when none can be stored: `draining`, `storage-full`, or a fault.
  package func createMany(
    _ files: [WholeFile], author: String? = nil, in push: PushID, client: String?
  ) async throws(ProblemError) -> [WholeFileOutcome] {
    blobs.counters.add(
      .received, count: files.count, bytes: files.reduce(0) { $0 + Int64($1.content.count) })
    do {
      if let problem = drainingProblem { throw problem }
      if let problem = await headroom.problem() { throw problem }
      return try await storeMany(records(of: files, author: author, in: push, client: client))
    } catch {
      throw problem(for: error)
    }
  }

  /// A file on its way to the catalog.
  private struct Candidate: Sendable {
    var record: UploadRecord
    let content: [UInt8]
    let digest: Digest
    var outcome: WholeFileOutcome?
    var mismatch: DigestMismatch?
    /// The place of a file with the same path before it.
    var twin: Int?
    var policy = ConflictPolicy.refuse
    var extent: Extent?

    var isOpen: Bool { outcome == nil && twin == nil }
    /// For the push's log.
    var notes: [String] = []
    /// It has a row that says why.
    var isRejected = false
  }

  private func records(
    of files: [WholeFile], author: String?, in push: PushID, client: String?
  ) -> [Candidate] {
    let now = clock.now()
    var places: [BundlePath: Int] = [:]
    return files.enumerated().map { place, file in
      let record = UploadRecord(
        id: UploadID.make(clock: clock, entropy: entropy), state: .created, length: Int64(file.content.count),
        metadata: Self.metadata(author: author), push: push, path: file.path, filename: nil,
        declaredDigest: file.declaredDigest,
        modifiedAt: file.modifiedAt, mode: file.mode, client: client, createdAt: now, updatedAt: now,
        expiresAt: now.adding(seconds: limits.expirySeconds))
      var candidate = Candidate(
        record: record, content: file.content, digest: SHA256Stream.digest(of: file.content))
      candidate.twin = places[file.path]
      if candidate.twin == nil { places[file.path] = place }
      return candidate
    }
  }

  private func storeMany(_ offered: [Candidate]) async throws -> [WholeFileOutcome] {
    var files = try await planned(offered)
    try await pack(&files)
    files = try await registerMany(files)
    for index in files.indices {
      guard let mismatch = files[index].mismatch, files[index].isRejected else { continue }
      let problem = await tellRejected(rejected(files[index].record, mismatch), mismatch)
      files[index].outcome = .refused(problem)
    }
    return files.map { file in
      guard let twin = file.twin else { return file.outcome ?? .unfinished }
      let first = files[twin]
      switch first.outcome {
      case .stored(let view), .exists(let view), .superseded(let view):
        if let mismatch = DigestMismatch(of: file.record, digest: file.digest) {
          return .refused(ProblemError(.uploadRejected, detail: mismatch.sentence))
        }
        if first.digest == file.digest { return .exists(view) }
        // Alone it meets the first as any other file would.
        return first.policy == .refuse
          ? .refused(PushRules.conflict(file.record.path, first.record.path.text)) : .unfinished
      case .refused, .unfinished, nil: return .unfinished
      }
    }
  }

  /// Says of each file whether it is there, may not come, or has to be stored; and where its content lies if anywhere.
  private func planned(_ offered: [Candidate]) async throws -> [Candidate] {
    try await catalog.read { [self] reader in
      var files = offered
      let extents = try reader.extents(of: Array(Set(files.map(\.digest))))
      let policy = try files.first?.record.push.flatMap { try reader.push($0)?.conflictPolicy }
      for index in files.indices {
        files[index].policy = policy ?? .refuse
        guard files[index].isOpen else { continue }
        try plan(&files[index], in: reader)
        files[index].extent = extents[files[index].digest]
      }
      return files
    }
  }

  /// Takes what is there already out of the way, and refuses what cannot enter the push.
  private func plan(_ file: inout Candidate, in reader: any CatalogReader) throws {
    guard let push = file.record.push else { preconditionFailure("a file of many has a push") }
    if let other = try reader.upload(ofPush: push, at: file.record.path),
      file.policy == .refuse || other.digest == file.digest
    {
      if let mismatch = DigestMismatch(of: file.record, digest: file.digest) {
        file.outcome = .refused(ProblemError(.uploadRejected, detail: mismatch.sentence))
      } else if other.digest == file.digest {
        file.outcome = .exists(view(other, offset: other.length ?? 0))
      } else if other.state.isOpen {
        file.outcome = .unfinished
      } else {
        file.outcome = .refused(PushRules.conflict(file.record.path, other.path.text))
      }
      return
    }
    do {
      file.record.declaredDigest = try Self.expectation(of: file.record, replacing: nil, in: reader)
    } catch let error as ProblemError {
      file.outcome = .refused(error)
      return
    }
    file.mismatch = DigestMismatch(of: file.record, content: file.content, digest: file.digest)
  }

  /// Stores content that is stored nowhere yet, each once.
  private func pack(_ files: inout [Candidate]) async throws {
    var known: Set<Digest> = []
    let kept = files.filter { $0.isOpen && $0.mismatch == nil }
    let contents = kept.filter { $0.extent == nil && known.insert($0.digest).inserted }
      .map { (digest: $0.digest, content: $0.content) }
    let newBytes = contents.reduce(0) { $0 + $1.content.count }
    guard headroom.take(newBytes) else { throw DiskHeadroom.shortage }
    let extents = try await withThrowingTaskGroup(of: (Digest, Extent).self) { group in
      for (digest, content) in contents {
        group.addTask { [blobs] in (digest, try await blobs.putSmall(content, digest: digest)) }
      }
      return try await group.reduce(into: [Digest: Extent]()) { $0[$1.0] = $1.1 }
    }
    blobs.counters.add(.written, count: contents.count, bytes: Int64(newBytes))
    blobs.counters.add(
      .deduplicated, count: kept.count - contents.count,
      bytes: kept.reduce(0) { $0 + Int64($1.content.count) } - Int64(newBytes))
    for index in files.indices where files[index].extent == nil {
      files[index].extent = extents[files[index].digest]
    }
  }

  /// The rows and events of all files, in one transaction. The push may have changed since they were looked at.
  private func registerMany(_ files: [Candidate]) async throws -> [Candidate] {
    guard files.contains(where: { $0.isOpen }) else { return files }
    let planned = files
    let (registered, isQueued) = try await catalog.write { [self] transaction in
      var files = planned
      for index in files.indices where files[index].isOpen {
        do {
          let placed = try register(files[index], in: transaction)
          files[index].isRejected = files[index].mismatch != nil
          files[index].notes = placed?.notes ?? []
          files[index].outcome = placed.map { outcome(of: $0) }
          if let mismatch = files[index].mismatch {
            files[index].outcome = .refused(ProblemError(.uploadRejected, detail: mismatch.sentence))
          }
        } catch let error as ProblemError {
          // The same file may have come with another request meanwhile.
          try plan(&files[index], in: transaction)
          if files[index].isOpen { files[index].outcome = .refused(error) }
        }
      }
      guard let push = files.first?.record.push else { return (files, false) }
      let now = clock.now()
      try Self.touch(push, at: now, seconds: limits.pushExpirySeconds, in: transaction)
      return (files, try PushRules.sealIfComplete(push, at: now, in: transaction))
    }
    if isQueued { wakeScheduler() }
    for file in registered {
      guard let push = file.record.push else { continue }
      for note in file.notes { await logPush(push, note) }
    }
    return registered
  }

  /// - Throws: `ProblemError` before anything was written.
  private func register(_ file: Candidate, in transaction: any CatalogTransaction) throws -> PushRules.Placed?
  {
    let declared = try Self.expectation(of: file.record, replacing: nil, in: transaction)
    if let mismatch = file.mismatch {
      let rejected = rejected(file.record, mismatch)
      try transaction.insert(rejected)
      try Self.recordCreated(rejected, in: transaction)
      try Self.recordRejected(rejected, mismatch, in: transaction)
      return nil
    }
    guard let extent = file.extent else { preconditionFailure("content was packed before it is registered") }
    var (stored, _) = verified(file.record, size: Int64(file.content.count), digest: file.digest)
    stored.declaredDigest = declared
    try transaction.insert(extent, of: file.digest)
    return try storeVerified(stored, isSingle: false, isNew: true, isOneOfMany: true, in: transaction).placed
  }
}
