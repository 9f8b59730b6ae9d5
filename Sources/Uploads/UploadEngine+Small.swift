import Blobs
import Catalog
import Platform
import Pushes
import Vocabulary

/// Small uploads that arrive whole: kept in memory, stored together with others, never a partial file.
extension UploadEngine {
  /// The length of an upload that may still be stored as a small one: it has no bytes yet, and not many to come.
  func smallLength(of session: UploadSession) -> Int? {
    guard session.partial == nil, session.record.concatenation == nil,
      let length = session.record.length, length <= limits.smallBytes
    else { return nil }
    return Int(length)
  }

  /// How a small body ended.
  private enum SmallEnd {
    case whole
    /// Fewer bytes than the upload's length, at the clean end of the request.
    case part
    case interrupted
    case overflow
  }

  /// Takes a body of at most `length` bytes into memory.
  private func collect(
    _ record: UploadRecord, length: Int, of body: (any UploadBody)?, client: String?
  ) async -> (bytes: [UInt8], end: SmallEnd, cause: ProblemError?) {
    guard let body else { return ([], length == 0 ? .whole : .part, nil) }
    let ticket = activity.begin(record, partial: nil, client: client, interrupt: { body.interrupt() })
    defer { activity.end(ticket) }
    if isDrainingNow { return ([], .interrupted, nil) }
    let sink = SmallSink(limit: length)
    var interruption: BodyInterrupted?
    do { try await body.deliver(to: sink) } catch { interruption = error }
    let (bytes, isOverflow) = sink.result
    if body.isFromClient { blobs.counters.add(.received, bytes: Int64(bytes.count)) }
    if isOverflow { return (bytes, .overflow, nil) }
    if bytes.count == length { return (bytes, .whole, nil) }
    return (bytes, interruption == nil ? .part : .interrupted, interruption?.problem)
  }

  /// - Throws: `ProblemError` about a trailer that was announced and is missing or malformed.
  private func matches(
    _ checks: ContentChecks, _ bytes: [UInt8], of body: (any UploadBody)?
  ) throws(ProblemError) -> Bool {
    let trailing = checks.hasTrailer ? try body?.trailingChecksum() : nil
    return (checks.checksums + [trailing].compactMap { $0 }).allSatisfy { checksum in
      let stream = ChecksumStream(checksum.algorithm)
      stream.update(bytes)
      return stream.finish() == checksum.bytes
    }
  }

  /// The bytes of a request for an upload that is there and has none yet.
  func receiveSmall(
    _ intent: AppendIntent, _ session: inout UploadSession, _ machine: UploadMachine, length: Int,
    body: (any UploadBody)?, client: String?, isNewLength: Bool
  ) async throws -> Step {
    var machine = machine
    let (bytes, end, cause) = await collect(session.record, length: length, of: body, client: client)
    let isMatching =
      switch end {
      case .interrupted: !intent.checks.mayDiscard
      case .overflow: true
      case .whole, .part: try matches(intent.checks, bytes, of: body)
      }
    if end == .whole && isMatching && intent.completion != .later {
      session.record = try await finishSmall(session.record, content: bytes)
      return .finished(.done(session.record))
    }
    if end == .overflow || !isMatching {
      if isNewLength { try await saveLength(of: session.record) }
      let ending = machine.end(
        end == .overflow ? .overflow : end == .interrupted ? .interrupted : .clean, checksumMatches: false)
      switch ending {
      case .invalidate(let error): return try await invalidate(&session, error)
      case .rollBack(_, let error?):
        return .outcome(.refused(error, view: view(session.record, offset: 0)))
      case .rollBack, .keep, .keepRefusing, .finish:
        throw cause ?? interruption(of: session.record.id)
      }
    }
    if !bytes.isEmpty {
      let partial = try await blobs.createPartial(
        session.record.id, urgency: urgency(of: session.record))
      session.partial = partial
      try partial.append(bytes, isStaged: false)
      try await save(&session, partial, mustWrite: isNewLength)
    } else if isNewLength {
      try await saveLength(of: session.record)
    }
    if end == .interrupted { throw cause ?? interruption(of: session.record.id) }
    if end == .part {
      _ = machine.store(byteCount: bytes.count)
      if case .keepRefusing(let error) = machine.end(.clean) {
        return .outcome(.refused(error, view: view(session.record, offset: session.offset)))
      }
    }
    return .outcome(.appended(view(session.record, offset: session.offset)))
  }

  private func saveLength(of record: UploadRecord) async throws {
    try await catalog.write { try $0.update(record) }
  }

  /// How the creation of a small upload with its content went.
  enum SmallCreation {
    case outcome(UploadOutcome)
    /// It has to be created like any other, and then gets these bytes.
    case ordinary([UInt8])
  }

  /// Creation together with all of the content: one append to a pack and one transaction. A request that breaks off
  /// leaves nothing, as its client knows no URL to go on with.
  func createSmall(
    _ record: UploadRecord, _ intent: CreateIntent, length: Int, body: (any UploadBody)?, client: String?
  ) async throws -> SmallCreation {
    let (bytes, end, cause) = await collect(record, length: length, of: body, client: client)
    switch end {
    case .interrupted: throw cause ?? interruption(of: record.id)
    case .overflow:
      throw ProblemError(.tooLarge, detail: "the request sends more than the \(length) bytes of its upload")
    case .part where !intent.checks.mayDiscard: return .ordinary(bytes)
    case .part, .whole: break
    }
    guard try matches(intent.checks, bytes, of: body) else {
      throw ProblemError(
        .checksumMismatch, detail: "the content does not have the declared checksum; send it again")
    }
    if end == .part || intent.completion == .later { return .ordinary(bytes) }
    do {
      return .outcome(try await registerSmall(record, content: bytes))
    } catch let error as ProblemError where error.problem == .pathConflict {
      if let twin = try await twin(of: record, SHA256Stream.digest(of: bytes)) {
        return .outcome(.created(view(twin, offset: Int64(bytes.count)), receivedContent: true))
      }
      // Perhaps the same creation, sent twice, or one that replaces an unfinished upload.
      return .ordinary(bytes)
    }
  }

  /// The upload of the push that has this content at this path.
  private func twin(of record: UploadRecord, _ digest: Digest) async throws -> UploadRecord? {
    guard let push = record.push, record.declaredDigest == nil || record.declaredDigest == digest
    else { return nil }
    let found = try await catalog.read { try $0.upload(ofPush: push, at: record.path) }
    return found?.digest == digest ? found : nil
  }

  private func registerSmall(_ record: UploadRecord, content: [UInt8]) async throws -> UploadOutcome {
    guard headroom.take(content.count) else { throw DiskHeadroom.shortage }
    let digest = SHA256Stream.digest(of: content)
    // Nothing is stored for a creation that is refused, nor for content that is there already.
    let (declared, known) = try await catalog.read { reader in
      (
        try Self.expectation(of: record, replacing: nil, in: reader),
        try reader.extents(of: [digest])[digest]
      )
    }
    var expected = record
    expected.declaredDigest = declared
    if let mismatch = DigestMismatch(of: expected, content: content, digest: digest) {
      throw try await registerRejected(expected, mismatch)
    }
    let extent = try await blobs.keepSmall(content, digest: digest, known: known)
    let (verified, isSingle) = self.verified(record, size: Int64(content.count), digest: digest)
    let (placed, isQueued) = try await catalog.write { [self] transaction in
      var stored = verified
      stored.declaredDigest = try Self.expectation(of: record, replacing: nil, in: transaction)
      try transaction.insert(extent, of: digest)
      return try storeVerified(stored, isSingle: isSingle, isNew: true, in: transaction)
    }
    if isQueued { wakeScheduler() }
    await tell(placed)
    return .created(
      view(placed.twin ?? placed.record, offset: Int64(content.count)), receivedContent: true)
  }

  /// The upload is remembered with its reason, for whoever looks at its push; its content is not.
  private func registerRejected(
    _ record: UploadRecord, _ mismatch: DigestMismatch
  ) async throws -> ProblemError {
    let stored = rejected(record, mismatch)
    try await catalog.write { transaction in
      _ = try Self.expectation(of: record, replacing: nil, in: transaction)
      try transaction.insert(stored)
      try Self.recordCreated(stored, in: transaction)
      try Self.recordRejected(stored, mismatch, in: transaction)
    }
    return await tellRejected(stored, mismatch)
  }
}

/// Content that was taken into memory before it was known where it goes.
final class BytesBody: UploadBody {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func deliver(to sink: any UploadSink) async throws(BodyInterrupted) {
    if !bytes.isEmpty { _ = sink.take(bytes) }
  }
  func interrupt() {}
  var isFromClient: Bool { false }
}
