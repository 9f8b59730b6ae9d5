import Blobs
import Catalog
import Platform
import Pushes
import Vocabulary

extension UploadEngine {
  /// Creation, with or without the first bytes. Order: catalog row → partial file with its bytes → answer; small content
  /// that comes whole: pack → catalog row → answer.
  func create(
    _ intent: CreateIntent, body: (any UploadBody)?, client: String?, notify: Notify?
  ) async throws -> UploadOutcome {
    if let problem = drainingProblem { throw problem }
    let description = try UploadDescription(intent.metadata)
    if let length = intent.length, length > limits.maximumBytes {
      throw ProblemError(
        .tooLarge, detail: "length \(length) is more than this server's limit of \(limits.maximumBytes) bytes"
      )
    }
    if let length = intent.length, let count = intent.contentLength, intent.hasContent, count > length {
      throw ProblemError(.tooLarge, detail: "the request sends \(count) bytes for an upload of \(length)")
    }
    if let problem = await headroom.problem() { throw problem }
    if let count = intent.contentLength, intent.hasContent, count > limits.maximumAppendBytes {
      throw ProblemError(
        .tooLarge,
        detail:
          "a request may bring \(limits.maximumAppendBytes) bytes, this one sends \(count); send them in parts",
        members: ["maximum-append-size": .integer(limits.maximumAppendBytes)])
    }
    let record = try newRecord(intent, description, client: client)
    if case .final(let parts, _) = intent.concatenation {
      return try await createFinal(record, parts: parts)
    }
    // A client that is told the URL early may go on after an interruption: then the row comes before the content.
    let isPlain = notify == nil && intent.concatenation == nil && intent.idempotencyKey == nil
    guard intent.hasContent, isPlain, let length = intent.length, length <= limits.smallBytes,
      smallContent.acquire(Int(length))
    else {
      return try await create(record, intent, body: body, client: client, notify: notify)
    }
    let creation: SmallCreation
    do {
      defer { smallContent.release(Int(length)) }
      creation = try await createSmall(record, intent, length: Int(length), body: body, client: client)
    }
    switch creation {
    case .outcome(let outcome): return outcome
    case .ordinary(let bytes):
      var whole = intent
      whole.checks.checksums = []
      whole.checks.hasTrailer = false
      whole.contentLength = Int64(bytes.count)
      return try await create(record, whole, body: BytesBody(bytes), client: client, notify: nil)
    }
  }

  private func create(
    _ record: UploadRecord, _ intent: CreateIntent, body: (any UploadBody)?, client: String?,
    notify: Notify?
  ) async throws -> UploadOutcome {
    if let known = try await sameRequest(intent) {
      return try await createdAlready(known, intent, body: body, client: client)
    }
    switch try await earlier(record) {
    case .none:
      do {
        try await register(record, intent, replacing: nil)
      } catch let error as SameRequest {
        // Which came in between; whether it is the same one, its fingerprint tells here as well.
        guard let known = try await sameRequest(intent) else { throw error }
        return try await createdAlready(known, intent, body: body, client: client)
      } catch let error as ProblemError where error.problem == .pathConflict {
        // Perhaps the same creation, sent twice at once, or one of an older request that is on its way out.
        switch try await earlier(record) {
        case .none: throw error
        case .same(let known):
          return try await createdAlready(known, intent, body: body, client: client)
        case .unfinished(let other): try await replace(other, by: record, intent)
        }
      }
    case .same(let known): return try await createdAlready(known, intent, body: body, client: client)
    case .unfinished(let other): try await replace(other, by: record, intent)
    }
    notify?(.created(view(record, offset: 0)))
    if !intent.hasContent && intent.length != 0 {
      return .created(view(record, offset: 0), receivedContent: false)
    }
    return try await receiveFirst(intent, record.id, body: body, client: client, notify: notify)
  }

  private func replace(_ other: UploadID, by record: UploadRecord, _ intent: CreateIntent) async throws {
    // Its running request lets go first: a late write must not bring back what was replaced.
    try await withOwnership(of: other) { try await register(record, intent, replacing: other) }
    try await blobs.removePartial(other)
  }

  /// The content of a creation whose upload is there.
  private func receiveFirst(
    _ intent: CreateIntent, _ id: UploadID, body: (any UploadBody)?, client: String?, notify: Notify?
  ) async throws -> UploadOutcome {
    let outcome: UploadOutcome
    do {
      outcome = try await self.append(
        intent.append, to: id, body: intent.hasContent ? body : nil, client: client,
        isUntold: notify == nil && intent.idempotencyKey == nil, notify: notify)
    } catch let error as ProblemError {
      return .refused(error, view: try await remaining(id))
    }
    switch outcome {
    case .appended(let view): return .created(view, receivedContent: intent.hasContent)
    case .refused(let error, let view):
      // A chunk with a wrong checksum is discarded, and of tus the empty upload with it: its client gets no URL to resume.
      let isDiscarded = error.problem == .checksumMismatch || error.problem == .tooLarge
      guard isDiscarded, intent.completion == .atLength, view != nil else {
        return .refused(error, view: view)
      }
      _ = try await terminate(id)
      return .refused(error, view: nil)
    case .discovered, .created, .inspected, .terminated: return outcome
    }
  }

  /// What a client whose creation was broken off can go on with, if anything: never less than it was told (MUST-1).
  private func remaining(_ id: UploadID) async throws -> UploadView? {
    guard !isDrainingNow, let lease = ownership.acquireIfIdle(id) else { return nil }
    defer { ownership.release(lease) }
    guard let record = try await catalog.read({ try $0.upload(id) }), record.state.isOpen else { return nil }
    return try await withSession(of: id) { session in
      try await makeDurable(&session)
      return view(session.record, offset: session.offset)
    }
  }

  private enum Earlier {
    case none
    /// The same creation, whose answer was lost: same push, path, length and metadata, with a digest or a modification
    /// time that tells one version of the file from another, and no other digest.
    case same(UploadRecord)
    /// Another file, not finished: it makes room, as the newest creation wins like the newest request does.
    case unfinished(UploadID)
  }

  private func earlier(_ record: UploadRecord) async throws -> Earlier {
    guard let push = record.push,
      let other = try await catalog.read({ try $0.upload(ofPush: push, at: record.path) })
    else { return .none }
    let tellsVersion = record.declaredDigest != nil || record.modifiedAt != nil
    let isSameLength = record.length == nil || other.length == nil || record.length == other.length
    let isSame =
      tellsVersion && isSameLength && other.metadata == record.metadata && !contradicts(record, other)
    if isSame { return .same(other) }
    // Two clients with the same file: the second finds it there.
    if let digest = other.digest, digest == record.declaredDigest { return .same(other) }
    let policy = try await catalog.read { try $0.push(push)?.conflictPolicy }
    return other.state.isOpen && policy == .refuse ? .unfinished(other.id) : .none
  }

  /// Two files: each has a digest that the other has not.
  private func contradicts(_ record: UploadRecord, _ other: UploadRecord) -> Bool {
    if let one = record.declaredDigest, let another = other.declaredDigest, one != another { return true }
    if let one = record.declaredSHA512, let another = other.declaredSHA512, one != another { return true }
    return false
  }

  /// Counts the upload among the unfinished ones and makes its row. Small content that comes whole is not counted: its
  /// upload is finished before anybody could add up.
  private func register(_ record: UploadRecord, _ intent: CreateIntent, replacing other: UploadID?)
    async throws
  {
    let isSmall = record.length.map { $0 <= limits.smallBytes } ?? false
    let isWhole = intent.hasContent && intent.contentLength == record.length
    if record.length != 0 && !(isSmall && isWhole) {
      try unfinished.admit(
        record.id, client: client(of: record), length: record.length, replacing: other)
    }
    do {
      try await insert(record, replacing: other, request: idempotentRequest(intent, record))
    } catch {
      unfinished.remove(record.id)
      throw error
    }
    if let other { unfinished.remove(other) }
  }

  /// The row; the partial file comes with the first bytes. The replaced upload ends in the same transaction.
  func insert(
    _ record: UploadRecord, replacing other: UploadID?, request: IdempotentRequest? = nil
  ) async throws {
    try await catalog.write { [limits] transaction in
      var record = record
      if case .final(let parts, _) = record.concatenation,
        let known = try transaction.finalUpload(
          ofParts: parts, metadata: record.metadata,
          since: record.createdAt.adding(seconds: -Self.repeatSeconds))
      {
        throw SameRequest(id: known)
      }
      if let request {
        if let known = try transaction.idempotentRequest(request.key), let id = UploadID(known.subject) {
          throw SameRequest(id: id)
        }
        try transaction.insert(request)
      }
      record.declaredDigest = try Self.expectation(of: record, replacing: other, in: transaction)
      if let push = record.push {
        record.isContending = try PushRules.mustContend(
          at: record.path, of: push, replacing: other, in: transaction)
      }
      if let other, var replaced = try transaction.upload(other) {
        // Its last bytes may have arrived while it was asked to let go: a finished file is not replaced.
        guard replaced.state.isOpen else { throw PushRules.conflict(record.path, replaced.path.text) }
        replaced.state = .cancelled
        replaced.unverifiedFrom = nil
        replaced.hashState = nil
        replaced.updatedAt = record.createdAt
        replaced.expiresAt = nil
        replaced.reason = "replaced by upload \(record.id)"
        try transaction.update(replaced)
        try transaction.record(
          NewEvent(
            at: record.createdAt, kind: .uploadCancelled, subject: other.text,
            details: ["path": record.path.text, "replacedBy": record.id.text]))
      }
      try transaction.insert(record)
      try transaction.record(
        NewEvent(
          at: record.createdAt, kind: .uploadCreated, subject: record.id.text,
          details: ["path": record.path.text]))
      if let push = record.push {
        try Self.touch(push, at: record.createdAt, seconds: limits.pushExpirySeconds, in: transaction)
      }
    }
  }

  private func createdAlready(
    _ record: UploadRecord, _ intent: CreateIntent, body: (any UploadBody)?, client: String?
  ) async throws -> UploadOutcome {
    guard case .inspected(let view) = try await inspect(record.id) else {
      preconditionFailure("inspect answers with a view")
    }
    guard view.state.isOpen, view.offset == 0, intent.hasContent else {
      return .created(view, receivedContent: intent.hasContent)
    }
    let outcome = try await self.append(intent.append, to: record.id, body: body, client: client)
    guard case .appended(let view) = outcome else { return outcome }
    return .created(view, receivedContent: true)
  }

  private func newRecord(
    _ intent: CreateIntent, _ description: UploadDescription, client: String?
  ) throws -> UploadRecord {
    let now = clock.now()
    let id = UploadID.make(clock: clock, entropy: entropy)
    let isPartial = intent.concatenation == .partial
    var record = UploadRecord(
      id: id, state: .created, length: intent.length, metadata: intent.metadata,
      push: isPartial ? nil : description.push,
      path: try (isPartial ? nil : description.path) ?? BundlePath(id.text), filename: description.filename,
      declaredDigest: description.digest, modifiedAt: description.modifiedAt, mode: description.mode,
      client: client,
      createdAt: now, updatedAt: now, expiresAt: now.adding(seconds: limits.expirySeconds),
      concatenation: intent.concatenation)
    _ = try Self.declare(intent.checks.fileDigests, for: &record)
    return record
  }

  /// The digest the file must have: the one its metadata declares, which must agree with the push's list.
  static func expectation(
    of record: UploadRecord, replacing other: UploadID?, in reader: any CatalogReader
  ) throws -> Digest? {
    guard let push = record.push else { return record.declaredDigest }
    let expected = try PushRules.admit(
      path: record.path, length: record.length, into: push, replacing: other, in: reader)
    if let listed = expected?.digest, let declared = record.declaredDigest, listed != declared {
      throw ProblemError(
        .badMetadata,
        detail: "sha256 of \(quoted(record.path.text)) differs from the one push \(push) was opened with",
        members: ["key": .text("sha256")])
    }
    return record.declaredDigest ?? expected?.digest
  }

  static func touch(_ id: PushID, at now: Timestamp, seconds: Int64, in transaction: any CatalogTransaction)
    throws
  {
    guard var push = try transaction.push(id), push.state == .open else { return }
    let expiry = now.adding(seconds: seconds)
    guard let current = push.expiresAt,
      expiry.milliseconds - current.milliseconds > graceMilliseconds(of: seconds)
    else { return }
    push.expiresAt = expiry
    try transaction.update(push)
  }
}
