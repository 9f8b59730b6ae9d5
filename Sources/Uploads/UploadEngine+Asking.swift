import Blobs
import Catalog
import Platform
import Pushes
import Vocabulary

extension UploadEngine {
  /// The true offset: a running request is asked to yield first, and a complete upload is finished first.
  func inspect(_ id: UploadID, completes: Bool = true) async throws -> UploadOutcome {
    let record = try await requireUpload(id)
    if record.state.isFinished { return .inspected(view(record, offset: record.length ?? 0)) }
    // Nobody has to let go of it: its offset says nothing before it is finished.
    if case .final = record.concatenation { return .inspected(view(record, offset: 0)) }
    let step = try await withUpload(id) { session in try await look(at: &session, completes: completes) }
    switch step {
    case .outcome(let outcome): return outcome
    case .invalidated(_, let problem): return .refused(problem, view: nil)
    case .finished(let finished):
      if case .received(let record, let partial) = finished { verifyLater(record.id, partial) }
      return .inspected(view(finished.record, offset: finished.record.length ?? 0))
    }
  }

  /// What HEAD would say of an upload that no request is using at the moment; nil of any other.
  package func viewIfIdle(_ id: UploadID) async throws -> UploadView? {
    guard let lease = ownership.acquireIfIdle(id) else { return nil }
    defer { ownership.release(lease) }
    guard let record = try await catalog.read({ try $0.upload(id) }), record.state.isOpen,
      !record.isAssembling
    else { return nil }
    let step = try await withSession(of: id) { session in try await look(at: &session, completes: false) }
    guard case .outcome(.inspected(let view)) = step else { return nil }
    return view
  }

  private func look(at session: inout UploadSession, completes: Bool) async throws -> Step {
    if session.record.state.isFinished { return .finished(.done(session.record)) }
    // What HEAD tells is an acknowledgement like any other (MUST-1).
    try await makeDurable(&session)
    guard completes, session.offset == session.record.length, session.record.concatenation == nil else {
      try await renewOrphan(&session.record)
      return .outcome(.inspected(view(session.record, offset: session.offset)))
    }
    return .finished(try await finish(&session))
  }

  /// Somebody knows the upload's URL after all: it gets its full lifetime (T-25).
  private func renewOrphan(_ record: inout UploadRecord) async throws {
    let fullLife = record.updatedAt.adding(seconds: limits.expirySeconds)
    guard let expiresAt = record.expiresAt, expiresAt < fullLife else { return }
    record.updatedAt = clock.now()
    record.expiresAt = record.updatedAt.adding(seconds: limits.expirySeconds)
    let renewed = record
    try await catalog.write { try $0.update(renewed) }
  }

  /// Ends the upload: a running request is interrupted, its bytes go, later requests find it gone.
  func terminate(_ id: UploadID) async throws -> UploadOutcome {
    try await end(id, as: .cancelled, event: .uploadCancelled)
    return .terminated
  }

  /// Ends an upload that nobody is using and whose lifetime is over.
  package func expire(_ id: UploadID) async throws {
    if let expired = try await eraseIfExpired(id) { try await failFinals(withPart: expired) }
  }

  private func eraseIfExpired(_ id: UploadID) async throws -> UploadRecord? {
    guard let lease = ownership.acquireIfIdle(id) else { return nil }
    defer { ownership.release(lease) }
    let now = clock.now()
    guard let record = try await catalog.read({ try $0.upload(id) }), record.state.isOpen,
      let expiresAt = record.expiresAt, expiresAt <= now
    else { return nil }
    if try await assembly(with: record) != nil { return nil }
    sessions.take(id)?.partial?.close()
    return try await erase(record, as: .expired, event: .uploadExpired)
  }

  private func end(_ id: UploadID, as state: UploadState, event: EventKind) async throws {
    let interrupt = activity.interruption(of: id)
    interrupt()
    let ended = try await withOwnership(of: id) {
      guard let record = try await catalog.read({ try $0.upload(id) }) else {
        throw ProblemError(.notFound, detail: "there is no upload \(id)")
      }
      if record.state == .cancelled || record.state == .expired {
        throw ProblemError(.gone, detail: "upload \(id) was \(record.state.rawValue)")
      }
      try await requireNoAssembly(with: record)
      return try await erase(record, as: state, event: event)
    }
    try await failFinals(withPart: ended)
  }

  /// Row first, then the bytes: a crash in between leaves a partial file without an upload, which recovery removes.
  /// Called by its owner, who calls `failFinals` once he has let go of it.
  func erase(
    _ record: UploadRecord, as state: UploadState, event: EventKind, reason: String? = nil
  ) async throws -> UploadRecord {
    let now = clock.now()
    let ended = try await catalog.write { transaction in
      // The files of a bundle stay its files, as those of a push that is on its way to one do.
      if let id = record.push, record.state == .verified || record.state == .committed,
        let push = try transaction.push(id), push.state != .open
      {
        throw ProblemError(
          .pushClosed, detail: "upload \(record.id) belongs to push \(id), which is \(push.state.rawValue)")
      }
      var ended = record
      ended.state = state
      ended.unverifiedFrom = nil
      ended.hashState = nil
      ended.updatedAt = now
      ended.expiresAt = nil
      if let reason { ended.reason = reason }
      try transaction.update(ended)
      try transaction.record(
        NewEvent(at: now, kind: event, subject: record.id.text, details: ["path": record.path.text]))
      return ended
    }
    unfinished.remove(record.id)
    try await blobs.removePartial(record.id)
    return ended
  }

  /// The record and how many bytes are there, without disturbing whoever is sending.
  package func status(_ id: UploadID) async throws -> (record: UploadRecord, offset: Int64) {
    guard let record = try await catalog.read({ try $0.upload(id) }) else {
      throw ProblemError(.notFound, detail: "there is no upload \(id)")
    }
    if record.state.isFinished { return (record, record.length ?? 0) }
    guard record.state.isOpen else { return (record, 0) }
    do {
      return (record, min(try await blobs.partialSize(id) ?? 0, record.unverifiedFrom ?? .max))
    } catch {
      throw error.problem
    }
  }

  /// The bytes of an upload to read: the object of a verified one, else the durable prefix of its partial file.
  package func open(_ id: UploadID) async throws -> (blob: any BlobReader, offset: Int64) {
    guard case .inspected(let view) = try await inspect(id) else {
      preconditionFailure("inspect answers with a view")
    }
    do {
      if let digest = view.digest { return (try await blobs.openObject(digest), view.offset) }
      if view.offset == 0 { return (EmptyBlob(), 0) }
      return (try await blobs.readPartial(id), view.offset)
    } catch {
      // Perhaps it was verified in between, and is an object now.
      if case .missing = error, let digest = try await catalog.read({ try $0.upload(id)?.digest }) {
        return (try await blobs.openObject(digest), view.offset)
      }
      throw problem(for: error)
    }
  }

  /// Compares a declared digest with the whole file's. A mismatch makes an upload that no sealed push has rejected.
  ///
  /// - Throws: `ProblemError`: `not-finished`, `digest-mismatch`, or as for any request.
  package func verify(_ id: UploadID, declared: Digest, isDeep: Bool) async throws -> Digest {
    guard case .inspected(let view) = try await inspect(id) else {
      preconditionFailure("inspect answers with a view")
    }
    guard view.offset == view.length else {
      throw ProblemError(
        .notFinished,
        detail: "upload \(id) has \(view.offset) of \(view.length.map(String.init) ?? "unknown") bytes")
    }
    let (blob, _) = try await open(id)
    defer { blob.close() }
    var actual = view.digest
    if isDeep || actual == nil { actual = try await BlobDigests.prefix(view.offset, of: blob) }
    guard let actual, actual != declared else { return declared }
    try await rejectUnlessSealed(id, declared: declared, actual: actual)
    throw ProblemError(
      .digestMismatch, detail: "upload \(id) has sha256 \(actual), the request declared \(declared)",
      members: ["declared": .text(declared.hex), "actual": .text(actual.hex)])
  }

  private func rejectUnlessSealed(_ id: UploadID, declared: Digest, actual: Digest) async throws {
    try await withOwnership(of: id) {
      let record = try await requireUpload(id)
      let push = try await catalog.read { reader in try record.push.flatMap { try reader.push($0) } }
      guard record.state != .committed, push == nil || push?.state == .open else { return }
      _ = try await reject(
        record, DigestMismatch(algorithm: .sha256, declared: declared.bytes, actual: actual.bytes))
    }
  }
}

/// The content of an upload that has none yet.
private final class EmptyBlob: BlobReader {
  let size: Int64 = 0
  func read(_ count: Int, at offset: Int64) async throws(BlobError) -> [UInt8] { [] }
  func close() {}
}
