import Catalog
import Platform
import Vocabulary

/// The creation of a key was carried out already.
struct SameRequest: Error {
  let id: UploadID
}

extension CreateIntent {
  /// Its content as an append to the new upload.
  var append: AppendIntent {
    AppendIntent(
      offset: 0, contentLength: hasContent ? contentLength : 0, checks: checks, completion: completion,
      overflow: overflow)
  }

  /// Tells this creation from another with the same key.
  fileprivate var fingerprint: Digest {
    var stream = SHA256Stream()
    let parts: [String?] = [
      length.map { String($0) }, metadata.raw, concatenation.map { "\($0)" }, "\(completion)",
      checks.fileDigests.map { Hexadecimal.encode($0.bytes) }.joined(separator: ","),
    ]
    for part in parts { stream.update(Array("\(part?.utf8.count ?? -1) \(part ?? "")\n".utf8)) }
    return stream.digest()
  }
}

/// Creations that carry an `Idempotency-Key`: sent again, they come to the upload that is there.
extension UploadEngine {
  /// The upload that this creation has made already.
  ///
  /// - Throws: `ProblemError` with `idempotency-key-reused` when the key belongs to another creation.
  func sameRequest(_ intent: CreateIntent) async throws -> UploadRecord? {
    guard let key = intent.idempotencyKey,
      let known = try await catalog.read({ try $0.idempotentRequest(key) })
    else { return nil }
    guard known.fingerprint == intent.fingerprint, let id = UploadID(known.subject) else {
      throw ProblemError(
        .idempotencyKeyReused,
        // Not the key itself: with it one gets the URL of an upload, and logs show details.
        detail: "this Idempotency-Key was used for another request; use a new one",
        members: ["field": .text("Idempotency-Key")])
    }
    return try await requireUpload(id)
  }

  func idempotentRequest(_ intent: CreateIntent, _ record: UploadRecord) -> IdempotentRequest? {
    intent.idempotencyKey.map {
      IdempotentRequest(
        key: $0, fingerprint: intent.fingerprint, subject: record.id.text, createdAt: record.createdAt)
    }
  }

  /// How long a key is remembered.
  private static var keySeconds: Int64 { 24 * 3600 }

  /// Forgets old keys; called now and then.
  package func forgetRequests() async throws {
    let limit = clock.now().adding(seconds: -Self.keySeconds)
    try await catalog.write { try $0.removeIdempotentRequests(before: limit, limit: 1000) }
  }
}
