import Blobs
import Catalog
import Platform
import Pushes
import Vocabulary

/// A file that a client says it has and does not send, as the push's repo has its content.
package struct ClaimedFile: Sendable {
  package var path: BundlePath
  package var size: Int64
  package var digest: Digest
  package var modifiedAt: Timestamp?
  /// Permission bits, 0o000…0o777.
  package var mode: Int?
  /// The answer to the challenge.
  package var proof: [UInt8]

  package init(
    path: BundlePath, size: Int64, digest: Digest, modifiedAt: Timestamp? = nil, mode: Int? = nil,
    proof: [UInt8]
  ) {
    self.path = path
    self.size = size
    self.digest = digest
    self.modifiedAt = modifiedAt
    self.mode = mode
    self.proof = proof
  }
}

extension UploadEngine {
  /// Claims whose proofs are computed at the same time; more are told to come again.
  private static var maximumClaims: Int { 8 }
  /// Files of one claim that are read at the same time.
  private static var parallelReads: Int { 4 }

  /// Which of the objects the push's repo has, with these sizes.
  ///
  /// - Throws: `ProblemError`: `not-found` or `push-closed`.
  package func known(
    _ files: [(digest: Digest, size: Int64)], to push: PushID
  ) async throws -> Set<Digest> {
    try await catalog.read { reader in
      let record = try Self.requireOpen(push, in: reader)
      let sizes = try reader.repoObjects(of: record.repo, among: files.map(\.digest))
      return Set(files.filter { sizes[$0.digest] == $0.size }.map(\.digest))
    }
  }

  /// Makes files uploads of the push without their bytes: of each the repo has the object, storage has it with its size
  /// (MUST-5), and the client has proven to have it too. What is wrong with one file concerns that one alone; a wrong
  /// proof and an unknown object are told alike.
  ///
  /// The caller bounds the number of files and has checked the challenge.
  ///
  /// - Returns: for each file what became of it, in their order.
  /// - Throws: `ProblemError` when none can be claimed: `draining`, `busy`, `not-found`, `push-closed`, or a fault.
  package func claimMany(
    _ files: [ClaimedFile], challenge: String, author: String?, in push: PushID, client: String?
  ) async throws(ProblemError) -> [WholeFileOutcome] {
    if let problem = drainingProblem { throw problem }
    let isAdmitted = claims.withLock { running in
      guard running < Self.maximumClaims else { return false }
      running += 1
      return true
    }
    guard isAdmitted else {
      throw ProblemError(.busy, detail: "too many claims are being checked; try again in a moment")
    }
    defer { claims.withLock { $0 -= 1 } }
    do {
      let known = try await self.known(files.map { ($0.digest, $0.size) }, to: push)
      // From the look at them to the rows that refer to them: a collection may be removing them.
      let hold = await blobs.hold(Array(known))
      defer { withExtendedLifetime(hold) {} }
      let stored = try await blobs.objectSizes(Array(known))
      let proven = try await proven(files, known: known, stored: stored, challenge)
      return try await register(files, proven, author: author, in: push, client: client)
    } catch {
      throw problem(for: error)
    }
  }

  private static func requireOpen(_ id: PushID, in reader: any CatalogReader) throws -> PushRecord {
    let push = try PushRules.requirePush(id, in: reader)
    guard push.state == .open else { throw PushRules.closed(push) }
    return push
  }

  /// Of each file whether its proof is right.
  private func proven(
    _ files: [ClaimedFile], known: Set<Digest>, stored: [Digest: Int64], _ challenge: String
  ) async throws -> [Bool] {
    let proofs = try await packedProofs(files.filter { known.contains($0.digest) }, challenge)
    return try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
      var proven = [Bool](repeating: false, count: files.count)
      var running = 0
      for (index, file) in files.enumerated() where known.contains(file.digest) {
        guard stored[file.digest] == file.size else {
          report("storage fault: object \(file.digest) of an indexed bundle is missing or of another size")
          continue
        }
        if let proof = proofs[file.digest] {
          proven[index] = PossessionProof.isEqual(proof.bytes, file.proof)
          continue
        }
        if running == Self.parallelReads, let (done, isRight) = try await group.next() {
          proven[done] = isRight
          running -= 1
        }
        running += 1
        group.addTask { [self] in (index, try await isProven(file, challenge)) }
      }
      for try await (done, isRight) in group { proven[done] = isRight }
      return proven
    }
  }

  /// What the proofs must be of those small files whose contents can be read together.
  private func packedProofs(
    _ files: [ClaimedFile], _ challenge: String
  ) async throws(BlobError) -> [Digest: Digest] {
    var proofs: [Digest: Digest] = [:]
    try await blobs.visitPacked(files.map { ($0.digest, $0.size) }) { digest, content in
      var proof = PossessionProof.begin(challenge: challenge, digest: digest)
      let ranges = PossessionProof.ranges(
        challenge: challenge, digest: digest, size: Int64(content.count))
      for range in ranges where !range.isEmpty {
        proof.update(Array(content[Int(range.lowerBound)..<Int(range.upperBound)]))
      }
      proofs[digest] = proof.digest()
    }
    return proofs
  }

  private func isProven(_ file: ClaimedFile, _ challenge: String) async throws -> Bool {
    let object = try await blobs.openObject(file.digest)
    defer { object.close() }
    var proof = PossessionProof.begin(challenge: challenge, digest: file.digest)
    for range in PossessionProof.ranges(challenge: challenge, digest: file.digest, size: file.size)
    where !range.isEmpty {
      let bytes = try await object.read(range.count, at: range.lowerBound)
      guard bytes.count == range.count else { throw BlobError.failed("an object ended before its size") }
      proof.update(bytes)
    }
    return PossessionProof.isEqual(proof.digest().bytes, file.proof)
  }

  private func register(
    _ files: [ClaimedFile], _ proven: [Bool], author: String?, in push: PushID, client: String?
  ) async throws -> [WholeFileOutcome] {
    let records = files.map { record(of: $0, author: author, in: push, client: client) }
    let (outcomes, notes, isQueued) = try await catalog.write { [self] transaction in
      let repo = try Self.requireOpen(push, in: transaction).repo
      // Again, and where the row is made: the repo may have lost a bundle meanwhile.
      let known = try transaction.repoObjects(of: repo, among: files.map(\.digest))
      var outcomes: [WholeFileOutcome] = []
      var notes: [PushRules.Placed] = []
      for (index, file) in files.enumerated() {
        guard proven[index], known[file.digest] == file.size else {
          outcomes.append(.refused(Self.notProven(file)))
          continue
        }
        do {
          let placed = try claim(records[index], digest: file.digest, in: transaction)
          outcomes.append(outcome(of: placed))
          if !placed.notes.isEmpty { notes.append(placed) }
        } catch let error as ProblemError {
          outcomes.append(.refused(error))
        } catch is UnfinishedInTheWay {
          outcomes.append(.unfinished)
        }
      }
      let now = clock.now()
      try Self.touch(push, at: now, seconds: limits.pushExpirySeconds, in: transaction)
      return (outcomes, notes, try PushRules.sealIfComplete(push, at: now, in: transaction))
    }
    if isQueued { wakeScheduler() }
    for placed in notes { await tell(placed) }
    let claimed = zip(files, outcomes).filter { if case .stored = $1 { true } else { false } }
    blobs.counters.add(.claimed, count: claimed.count, bytes: claimed.reduce(0) { $0 + $1.0.size })
    return outcomes
  }

  /// An unfinished upload has the path; whoever sends the file replaces it.
  private struct UnfinishedInTheWay: Error {}

  /// - Throws: `ProblemError` or `UnfinishedInTheWay`, before anything was written.
  private func claim(
    _ record: UploadRecord, digest: Digest, in transaction: any CatalogTransaction
  ) throws -> PushRules.Placed {
    if let push = record.push, let other = try transaction.upload(ofPush: push, at: record.path) {
      if other.digest == digest { return PushRules.Placed(record: record, twin: other) }
      let policy = try PushRules.requirePush(push, in: transaction).conflictPolicy
      if policy == .refuse && other.state.isOpen { throw UnfinishedInTheWay() }
    }
    var (verified, _) = self.verified(record, size: record.length ?? 0, digest: digest)
    verified.declaredDigest = try Self.expectation(of: record, replacing: nil, in: transaction)
    return try storeVerified(verified, isSingle: false, isNew: true, isOneOfMany: true, in: transaction)
      .placed
  }

  private static func notProven(_ file: ClaimedFile) -> ProblemError {
    ProblemError(
      .notProven, detail: "it is not proven that the client has \(quoted(file.path.text)), or it is not here",
      members: ["path": .text(file.path.text)])
  }

  private func record(
    of file: ClaimedFile, author: String?, in push: PushID, client: String?
  ) -> UploadRecord {
    let now = clock.now()
    return UploadRecord(
      id: UploadID.make(clock: clock, entropy: entropy), state: .created, length: file.size,
      metadata: Self.metadata(author: author), push: push, path: file.path, filename: nil,
      declaredDigest: file.digest, modifiedAt: file.modifiedAt, mode: file.mode, client: client,
      createdAt: now, updatedAt: now, expiresAt: now.adding(seconds: limits.expirySeconds))
  }
}
