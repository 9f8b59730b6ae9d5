import Blobs
import Catalog
import Platform
import Vocabulary

/// A file that does not have a digest its client declared.
struct DigestMismatch: Sendable {
  var algorithm: ChecksumAlgorithm
  var declared: [UInt8]
  var actual: [UInt8]

  init(algorithm: ChecksumAlgorithm, declared: [UInt8], actual: [UInt8]) {
    self.algorithm = algorithm
    self.declared = declared
    self.actual = actual
  }

  /// nil when the SHA-256 is the declared one, or none is declared.
  init?(of record: UploadRecord, digest: Digest) {
    guard let declared = record.declaredDigest, declared != digest else { return nil }
    self.init(algorithm: .sha256, declared: declared.bytes, actual: digest.bytes)
  }

  /// nil when the content has every digest that is declared.
  init?(of record: UploadRecord, content: [UInt8], digest: Digest) {
    if let mismatch = DigestMismatch(of: record, digest: digest) {
      self = mismatch
      return
    }
    guard let declared = record.declaredSHA512 else { return nil }
    let stream = ChecksumStream(.sha512)
    stream.update(content)
    let actual = stream.finish()
    guard actual != declared else { return nil }
    self.init(algorithm: .sha512, declared: declared, actual: actual)
  }

  var declaredHex: String { Hexadecimal.encode(declared) }
  var actualHex: String { Hexadecimal.encode(actual) }
  var sentence: String {
    "declared \(algorithm.rawValue) \(declaredHex), but the bytes that arrived have \(actualHex)"
  }
}

extension UploadRecord {
  var hasDeclaredDigest: Bool { declaredDigest != nil || declaredSHA512 != nil }
}

/// Uploads that turn out not to be what their clients said.
extension UploadEngine {
  /// Which declared digest the partial file's content does not have; a SHA-512 costs a reading of the file.
  func mismatch(of record: UploadRecord, size: Int64, digest: Digest) async throws -> DigestMismatch? {
    if let mismatch = DigestMismatch(of: record, digest: digest) { return mismatch }
    guard let declared = record.declaredSHA512 else { return nil }
    let actual = try await checksum(.sha512, ofPartial: record.id, from: 0, to: size)
    guard actual != declared else { return nil }
    return DigestMismatch(algorithm: .sha512, declared: declared, actual: actual)
  }

  /// The checksum of the partial file's bytes from `start` to `end`.
  func checksum(
    _ algorithm: ChecksumAlgorithm, ofPartial id: UploadID, from start: Int64, to end: Int64
  ) async throws -> [UInt8] {
    let reader = try await blobs.readPartial(id)
    defer { reader.close() }
    let stream = ChecksumStream(algorithm)
    var position = start
    while position < end {
      let bytes = try await reader.read(Int(min(end - position, 1 << 20)), at: position)
      guard !bytes.isEmpty else { throw BlobError.failed("a partial file ended before its size") }
      stream.update(bytes)
      position += Int64(bytes.count)
    }
    return stream.finish()
  }

  /// Takes over what a request says of the whole file. True when that was not known before.
  ///
  /// - Throws: `ProblemError` with `bad-header` when it contradicts what was said before.
  static func declare(_ digests: [Checksum], for record: inout UploadRecord) throws(ProblemError) -> Bool {
    var isNew = false
    for digest in digests {
      switch digest.algorithm {
      case .sha256:
        guard let value = Digest(bytes: digest.bytes) else { continue }
        if let known = record.declaredDigest, known != value { throw contradiction(digest) }
        isNew = isNew || record.declaredDigest == nil
        record.declaredDigest = value
      case .sha512:
        if let known = record.declaredSHA512, known != digest.bytes { throw contradiction(digest) }
        isNew = isNew || record.declaredSHA512 == nil
        record.declaredSHA512 = digest.bytes
      case .sha1, .md5, .crc32: continue
      }
    }
    return isNew
  }

  private static func contradiction(_ digest: Checksum) -> ProblemError {
    ProblemError(
      .badHeader,
      detail: "the whole file's \(digest.algorithm.rawValue) differs from the one declared before")
  }

  /// Makes the upload rejected; returns the problem that tells why.
  func reject(_ record: UploadRecord, _ mismatch: DigestMismatch) async throws -> ProblemError {
    let rejected = rejected(record, mismatch)
    try await catalog.write { transaction in
      try transaction.update(rejected)
      try Self.recordRejected(rejected, mismatch, in: transaction)
    }
    unfinished.remove(record.id)
    try await blobs.removePartial(record.id)
    return await tellRejected(rejected, mismatch)
  }

  func rejected(_ record: UploadRecord, _ mismatch: DigestMismatch) -> UploadRecord {
    var rejected = record
    rejected.state = .rejected
    rejected.unverifiedFrom = nil
    rejected.hashState = nil
    rejected.updatedAt = clock.now()
    rejected.expiresAt = nil
    rejected.reason = mismatch.sentence
    return rejected
  }

  static func recordRejected(
    _ rejected: UploadRecord, _ mismatch: DigestMismatch, in transaction: any CatalogTransaction
  ) throws {
    try transaction.record(
      NewEvent(
        at: rejected.updatedAt, kind: .uploadRejected, subject: rejected.id.text,
        details: ["path": rejected.path.text, "declared": mismatch.declaredHex, "actual": mismatch.actualHex])
    )
  }

  /// Writes it to the push's log; returns the problem for the client.
  func tellRejected(_ rejected: UploadRecord, _ mismatch: DigestMismatch) async -> ProblemError {
    if let push = rejected.push {
      await logPush(push, "rejected \(quoted(rejected.path.text)): \(rejected.reason ?? "")")
    }
    return ProblemError(
      .uploadRejected, detail: rejected.reason ?? "",
      members: [
        "algorithm": .text(mismatch.algorithm.rawValue), "declared": .text(mismatch.declaredHex),
        "actual": .text(mismatch.actualHex),
      ])
  }
}
