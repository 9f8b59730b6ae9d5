import Blobs
import Catalog
import Platform
import Pushes
import Vocabulary

extension UploadEngine {
  /// Bytes whose hash may be missing at the end and are then hashed in front of the answer.
  private static var promptHashBytes: Int64 { 1 << 20 }

  /// What is left to do once the owner of a complete upload has let go of it.
  enum Finished {
    case done(UploadRecord)
    /// The hash is being worked out; the client waits for it when it declared a digest.
    case received(UploadRecord, any PartialBlob)

    var record: UploadRecord {
      switch self {
      case .done(let record), .received(let record, _): record
      }
    }
  }

  /// Takes a complete upload, all of it durable, to verified, rejected or received. Called by its owner.
  ///
  /// - Throws: `ProblemError` with `upload-rejected` when the declared digest does not match.
  func finish(_ session: inout UploadSession) async throws -> Finished {
    guard let partial = session.partial else {
      session.record = try await finishSmall(session.record, content: [])
      return .done(session.record)
    }
    if partial.size - partial.hash.byteCount <= Self.promptHashBytes {
      let digest = try await partial.digest()
      session.record = try await conclude(session.record, size: partial.size, digest: digest)
      return .done(session.record)
    }
    var received = session.record
    let now = clock.now()
    received.state = .received
    received.length = partial.size
    received.unverifiedFrom = nil
    received.updatedAt = now
    received.expiresAt = nil
    (received.hashState, received.hashedBytes) = partial.hash
    let saved = received
    try await catalog.write { transaction in
      try transaction.update(saved)
      try transaction.record(NewEvent(at: now, kind: .uploadReceived, subject: saved.id.text))
    }
    unfinished.remove(received.id)
    session.record = received
    return .received(received, partial)
  }

  /// What follows when the upload is free again: the rest of the hash, waited for if a digest was declared or is wanted.
  func settle(_ finished: Finished, wantsDigest: Bool = false) async throws -> UploadRecord {
    switch finished {
    case .done(let record): return record
    case .received(let record, let partial):
      if record.hasDeclaredDigest || wantsDigest {
        verifications.hold(record.id)
        defer { verifications.release(record.id) }
        return try await verifyReceived(record.id, partial)
      }
      verifyLater(record.id, partial)
      return record
    }
  }

  /// Verifies a received upload in the background; a failure leaves it received, and upkeep tries again.
  func verifyLater(_ id: UploadID, _ partial: (any PartialBlob)? = nil) {
    guard verifications.admit(id) else { return }
    spawn { [self] in
      var next: UploadID? = id
      var partial = partial
      while let current = next {
        do {
          _ = try await verifyReceived(current, partial)
        } catch let error as ProblemError where error.problem == .gone || error.problem == .uploadRejected {
          // Cancelled meanwhile, or rejected and told to those who are concerned.
        } catch {
          if case BlobError.missing = error { verifications.giveUp(current) }
          report("upload \(current) could not be verified: \(error)")
        }
        partial = nil
        next = verifications.finish(current)
      }
    }
  }

  /// Takes up received uploads that nobody is verifying; called now and then.
  package func verifyReceived() async throws {
    var after: UploadID?
    repeat {
      let cursor = after
      let page = try await catalog.read { try $0.uploads(in: [.received], after: cursor, limit: 100) }
      for record in page { verifyLater(record.id) }
      after = page.count == 100 ? page.last?.id : nil
    } while after != nil
  }

  /// Hashes without holding the upload, so that it can be asked about and cancelled meanwhile.
  private func verifyReceived(_ id: UploadID, _ known: (any PartialBlob)?) async throws -> UploadRecord {
    let partial: any PartialBlob
    if let known {
      partial = known
    } else {
      var record = try await requireUpload(id)
      guard record.state == .received else { return record }
      guard let found = try await openPartial(&record) else {
        throw BlobError.missing("the partial file of upload \(id)")
      }
      partial = found
    }
    defer { partial.close() }
    let digest = try await partial.digest()
    return try await withOwnership(of: id) {
      let record = try await requireUpload(id)
      guard record.state == .received else { return record }
      return try await conclude(record, size: partial.size, digest: digest)
    }
  }

  /// Compares the digest; then publishes the bytes and makes the upload verified. Called by its owner.
  private func conclude(_ record: UploadRecord, size: Int64, digest: Digest) async throws -> UploadRecord {
    if let mismatch = try await mismatch(of: record, size: size, digest: digest) {
      throw try await reject(record, mismatch)
    }
    let isNew = try await blobs.publishPartial(record.id, as: digest)
    blobs.counters.add(isNew ? .written : .deduplicated, bytes: size)
    let (verified, isSingle) = self.verified(record, size: size, digest: digest)
    let (placed, isQueued) = try await catalog.write { [self] transaction in
      try storeVerified(verified, isSingle: isSingle, isNew: false, in: transaction)
    }
    unfinished.remove(record.id)
    try await blobs.removePartial(record.id)
    if isQueued { wakeScheduler() }
    await tell(placed)
    return placed.record
  }

  /// Stores the whole content of an upload that has no partial file and makes it verified. Called by its owner.
  ///
  /// - Throws: as `finish`.
  func finishSmall(_ record: UploadRecord, content: [UInt8]) async throws -> UploadRecord {
    let digest = SHA256Stream.digest(of: content)
    if let mismatch = DigestMismatch(of: record, content: content, digest: digest) {
      throw try await reject(record, mismatch)
    }
    let known = try await catalog.read { try $0.extents(of: [digest])[digest] }
    let extent = try await blobs.keepSmall(content, digest: digest, known: known)
    let (verified, isSingle) = self.verified(record, size: Int64(content.count), digest: digest)
    let (placed, isQueued) = try await catalog.write { [self] transaction in
      try transaction.insert(extent, of: digest)
      return try storeVerified(verified, isSingle: isSingle, isNew: false, in: transaction)
    }
    unfinished.remove(record.id)
    if isQueued { wakeScheduler() }
    await tell(placed)
    return placed.record
  }

  /// The record once its bytes are verified; a single upload gets a push of its own.
  func verified(_ record: UploadRecord, size: Int64, digest: Digest) -> (UploadRecord, isSingle: Bool) {
    var verified = record
    verified.state = .verified
    verified.digest = digest
    verified.unverifiedFrom = nil
    verified.hashState = nil
    verified.hashedBytes = size
    verified.length = size
    verified.updatedAt = clock.now()
    verified.expiresAt = nil
    if verified.push == nil { verified.push = .make(clock: clock, entropy: entropy) }
    return (verified, record.push == nil)
  }

  static func makePush(for upload: UploadRecord, in transaction: any CatalogTransaction) throws {
    guard let push = upload.push else { preconditionFailure("a verified upload has a push") }
    try PushRules.makeInboxPush(for: upload, id: push, at: upload.updatedAt, in: transaction)
  }
}
