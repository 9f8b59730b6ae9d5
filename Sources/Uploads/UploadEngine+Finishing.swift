import Blobs
import Catalog
import Platform
import Pushes
import Vocabulary

extension UploadEngine {
  /// Bytes whose hash may be missing at the end without the answer being given before the file is verified.
  static var patientHashBytes: Int64 { 128 << 20 }

  /// Takes a complete upload to verified (or rejected): sync → hash → object → one transaction.
  ///
  /// When much is left to hash and the client declared no digest, the upload is `received` and the rest happens later.
  ///
  /// - Throws: `ProblemError` with `upload-rejected` when the declared digest does not match.
  func finish(_ record: UploadRecord, partial: any PartialBlob) async throws -> UploadRecord {
    try await partial.sync()
    let rest = partial.size - partial.hash.byteCount
    guard rest > Self.patientHashBytes, record.declaredDigest == nil, record.state != .received else {
      return try await verify(record, partial: partial)
    }
    var received = record
    let now = clock.now()
    received.state = .received
    received.unverifiedFrom = nil
    received.updatedAt = now
    (received.hashState, received.hashedBytes) = partial.hash
    let saved = received
    try await catalog.write { transaction in
      try transaction.update(saved)
      try transaction.record(NewEvent(at: now, kind: .uploadReceived, subject: saved.id.text))
    }
    Task { await self.verifyLater(saved.id) }
    return received
  }

  /// Verifies a received upload in the background; a failure leaves it received, for the next start to try again.
  func verifyLater(_ id: UploadID) async {
    do {
      try await withOwnership(of: id) {
        var record = try await requireUpload(id)
        guard record.state == .received else { return }
        let partial = try await openPartial(&record)
        defer { partial.close() }
        _ = try await verify(record, partial: partial)
      }
    } catch {
      report("upload \(id) could not be verified: \(error)")
    }
  }

  /// Takes up uploads whose verification failed for a passing reason; called now and then.
  package func verifyReceived() async throws {
    for record in try await catalog.read({ try $0.uploads(in: [.received], after: nil, limit: 100) }) {
      await verifyLater(record.id)
    }
  }

  private func verify(_ record: UploadRecord, partial: any PartialBlob) async throws -> UploadRecord {
    let digest = try await partial.digest()
    if let declared = record.declaredDigest, declared != digest {
      throw try await reject(record, declared: declared, actual: digest)
    }
    try await blobs.publishPartial(record.id, as: digest)
    var verified = record
    let now = clock.now()
    verified.state = .verified
    verified.digest = digest
    verified.unverifiedFrom = nil
    verified.hashState = nil
    verified.hashedBytes = partial.size
    verified.length = partial.size
    verified.updatedAt = now
    verified.expiresAt = nil
    if verified.push == nil { verified.push = .make(clock: clock, entropy: entropy) }
    let isSingle = record.push == nil
    let saved = verified
    try await catalog.write { [limits] transaction in
      if isSingle, let push = saved.push {
        try PushRules.makeInboxPush(for: saved, id: push, at: now, in: transaction)
      }
      try transaction.update(saved)
      try transaction.record(
        NewEvent(at: now, kind: .uploadVerified, subject: saved.id.text, details: ["digest": digest.hex]))
      if !isSingle, let push = saved.push {
        try Self.touch(push, at: now, seconds: limits.pushExpirySeconds, in: transaction)
        try PushRules.sealIfComplete(push, at: now, in: transaction)
      }
    }
    try await blobs.removePartial(record.id)
    wakeScheduler()
    return verified
  }

  /// Makes the upload rejected; returns the problem that tells why.
  func reject(_ record: UploadRecord, declared: Digest, actual: Digest) async throws -> ProblemError {
    var rejected = record
    let now = clock.now()
    rejected.state = .rejected
    rejected.unverifiedFrom = nil
    rejected.hashState = nil
    rejected.updatedAt = now
    rejected.expiresAt = nil
    rejected.reason = "declared sha256 \(declared), but the bytes that arrived have \(actual)"
    let saved = rejected
    try await catalog.write { transaction in
      try transaction.update(saved)
      try transaction.record(
        NewEvent(
          at: now, kind: .uploadRejected, subject: saved.id.text,
          details: ["path": saved.path.text, "declared": declared.hex, "actual": actual.hex]))
    }
    try await blobs.removePartial(record.id)
    if let push = record.push {
      await logPush(push, "rejected \(quoted(record.path.text)): \(saved.reason ?? "")")
    }
    return ProblemError(
      .uploadRejected, detail: rejected.reason ?? "",
      members: ["declared": .text(declared.hex), "actual": .text(actual.hex)])
  }
}
