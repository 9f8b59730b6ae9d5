import Blobs
import Catalog
import Platform
import Vocabulary

/// Final uploads: made of the bytes of partial ones (tus concatenation, T-70 to T-79).
///
/// A final upload is `created`, without an offset, until all its parts are complete and put together; then it is
/// `received` and goes the way of any other. Parts stay what they were, and expire like unfinished uploads.
extension UploadEngine {
  /// A final upload of at most this many bytes is put together before the answer.
  private static var promptBytes: Int64 { 4 << 20 }
  /// The same final upload asked for again within this time is the one that is there (T-79).
  static var repeatSeconds: Int64 { 600 }

  /// The row of a final upload; its bytes follow at once or in the background.
  func createFinal(_ record: UploadRecord, parts: [UploadID]) async throws -> UploadOutcome {
    // Asked before the parts are looked at, which may be gone by now; and again where it is inserted.
    let since = record.createdAt.adding(seconds: -Self.repeatSeconds)
    let known = try await catalog.read { reader in
      try reader.finalUpload(ofParts: parts, metadata: record.metadata, since: since)
    }
    if let known { return .created(try await inspectedView(known), receivedContent: false) }
    var record = record
    record.length = try await length(ofParts: parts)
    // It lasts as long as its parts do, which end it when they end.
    record.expiresAt = nil
    try unfinished.admit(record.id, client: client(of: record), length: record.length)
    do {
      try await insert(record, replacing: nil)
    } catch {
      unfinished.remove(record.id)
      guard let same = error as? SameRequest else { throw error }
      return .created(try await inspectedView(same.id), receivedContent: false)
    }
    var isAssembled = false
    if let length = record.length, length <= Self.promptBytes {
      isAssembled = try await assembleNow(record.id)
    }
    if !isAssembled { assembleLater(record.id) }
    return .created(try await inspectedView(record.id), receivedContent: false)
  }

  private func inspectedView(_ id: UploadID) async throws -> UploadView {
    guard case .inspected(let view) = try await inspect(id) else {
      preconditionFailure("inspect answers with a view")
    }
    return view
  }

  /// The sum of the parts' lengths; nil while one of them is not known.
  private func length(ofParts parts: [UploadID]) async throws -> Int64? {
    var lengths: [UploadID: Int64?] = [:]
    for part in Set(parts).sorted() {
      let record = try await requireUpload(part)
      guard record.concatenation == .partial else {
        throw ProblemError(
          .notPartial, detail: "upload \(part) was not created with Upload-Concat: partial",
          members: ["upload": .text(part.text)])
      }
      lengths[part] = .some(record.length)
    }
    var sum: Int64 = 0
    for part in parts {
      guard let length = lengths[part] ?? nil else { return nil }
      let (next, isOverflow) = sum.addingReportingOverflow(length)
      guard !isOverflow, next <= limits.maximumBytes else {
        throw ProblemError(
          .tooLarge, detail: "the parts come to more than this server's limit of \(limits.maximumBytes) bytes"
        )
      }
      sum = next
    }
    return sum
  }

  /// Looks after the final uploads that waited for this part.
  func assembleFinals(withPart id: UploadID) async throws {
    for final in try await catalog.read({ try $0.assemblingUploads(withPart: id) }) {
      assembleLater(final, isNews: true)
    }
  }

  /// Takes up final uploads that nobody is putting together; called now and then.
  package func assembleWaiting() async throws {
    var after: UploadID?
    repeat {
      let cursor = after
      let page = try await catalog.read { try $0.assemblingUploads(after: cursor, limit: 100) }
      for record in page { assembleLater(record.id) }
      after = page.count == 100 ? page.last?.id : nil
    } while after != nil
  }

  /// Puts a final upload together while its creation waits. False when that is left to the background: a part is missing,
  /// or it did not work out this time, which is no reason to refuse an upload that is there.
  private func assembleNow(_ id: UploadID) async throws -> Bool {
    // Or the background would take it from here.
    assemblies.hold(id)
    defer { assemblies.release(id) }
    do {
      return try await assemble(id)
    } catch let error as ProblemError where error.problem == .uploadRejected || error.problem == .gone {
      throw error
    } catch {
      report("final upload \(id) could not be put together at once: \(error)")
      return false
    }
  }

  private func assembleLater(_ id: UploadID, isNews: Bool = false) {
    guard assemblies.admit(id, isNews: isNews) else { return }
    spawn { [self] in
      var next: UploadID? = id
      while let current = next {
        do {
          _ = try await assemble(current)
        } catch let error as ProblemError where error.problem == .uploadRejected || error.problem == .gone {
          // Told to those who are concerned.
        } catch {
          report("final upload \(current) could not be put together: \(error)")
        }
        next = assemblies.finish(current)
      }
    }
  }

  /// Puts the final upload together if all its parts are complete. False when it still waits for one.
  private func assemble(_ id: UploadID) async throws -> Bool {
    let stop = AssemblyStop()
    let finished = try await withLease(of: id, interrupting: stop) { () -> Finished? in
      sessions.take(id)?.partial?.close()
      let record = try await requireUpload(id)
      guard record.isAssembling, case .final(let parts, _) = record.concatenation else { return nil }
      // One that ended while this upload was being made told nobody, nor did one whose end the process did not survive.
      if let (part, state) = try await endedPart(of: parts) {
        try await failFinal(record, part, state)
        return nil
      }
      guard let length = try await completeLength(ofParts: parts) else { return nil }
      return try await fill(record, parts: parts, length: length, stop)
    }
    guard let finished else { return false }
    _ = try await settle(finished)
    return true
  }

  /// The length all parts come to, nil while one is not complete; looked at while all of them are held, so that none is
  /// half way through a change.
  private func completeLength(ofParts parts: [UploadID]) async throws -> Int64? {
    guard try await areFull(parts) else { return nil }
    return try await holding(Set(parts).sorted()[...]) {
      try await areFull(parts) ? try await length(ofParts: parts) : nil
    }
  }

  /// A part that will never be complete, if there is one.
  private func endedPart(of parts: [UploadID]) async throws -> (UploadID, UploadState)? {
    try await catalog.read { reader in
      for part in Set(parts) {
        let state = try reader.upload(part)?.state ?? .expired
        if !state.isOpen { return (part, state) }
      }
      return nil
    }
  }

  /// Whoever ends a part asks this first: a final upload whose parts are all complete is as good as there, its client was
  /// told so, and may have no other use for the parts.
  ///
  /// - Throws: `ProblemError` with `busy`.
  func requireNoAssembly(with part: UploadRecord) async throws {
    guard let final = try await assembly(with: part) else { return }
    throw ProblemError(
      .busy,
      detail:
        "upload \(final) is being put together of upload \(part.id) and others; wait, or delete it first")
  }

  /// A final upload that has all its parts, this one among them, and is not put together yet.
  func assembly(with part: UploadRecord) async throws -> UploadID? {
    guard part.concatenation == .partial else { return nil }
    for id in try await catalog.read({ try $0.assemblingUploads(withPart: part.id) }) {
      guard let record = try await catalog.read({ try $0.upload(id) }), record.isAssembling,
        case .final(let parts, _) = record.concatenation, try await endedPart(of: parts) == nil,
        try await areFull(parts)
      else { continue }
      return id
    }
    return nil
  }

  private func areFull(_ parts: [UploadID]) async throws -> Bool {
    for part in Set(parts).sorted() {
      let (record, offset) = try await status(part)
      if offset != record.length { return false }
    }
    return true
  }

  private func holding<Result: Sendable>(
    _ parts: ArraySlice<UploadID>, _ body: () async throws -> Result
  ) async throws -> Result {
    guard let first = parts.first else { return try await body() }
    return try await withLease(of: first, interrupting: nil) {
      try await holding(parts.dropFirst(), body)
    }
  }

  /// Writes the parts one after the other into the final upload's partial file, and finishes it. Called by its owner.
  private func fill(
    _ record: UploadRecord, parts: [UploadID], length: Int64, _ stop: AssemblyStop
  ) async throws -> Finished {
    if let problem = await headroom.problem() { throw problem }
    guard headroom.take(Int(clamping: length)) else { throw DiskHeadroom.shortage }
    // What an earlier attempt left behind.
    try await blobs.removePartial(record.id)
    let partial = try await blobs.createPartial(record.id, urgency: urgency(of: record))
    defer { partial.close() }
    for part in parts where !stop.isSet {
      // An empty part may have no file.
      if try await blobs.partialSize(part) ?? 0 == 0 { continue }
      let reader = try await blobs.readPartial(part)
      defer { reader.close() }
      try await partial.append(contentsOf: reader, isStopped: { stop.isSet })
    }
    if stop.isSet { throw interruption(of: record.id) }
    guard partial.size == length else {
      throw BlobError.failed("the parts of upload \(record.id) have \(partial.size) of \(length) bytes")
    }
    try await partial.sync()
    var session = UploadSession(record: record, partial: partial)
    session.record.length = length
    return try await finish(&session)
  }

  /// Ends the final uploads that can never be put together any more.
  ///
  /// Not for the part's owner: an assembly, which owns its final upload, waits for its parts.
  func failFinals(withPart part: UploadRecord) async throws {
    guard part.concatenation == .partial else { return }
    for final in try await catalog.read({ try $0.assemblingUploads(withPart: part.id) }) {
      let interrupt = activity.interruption(of: final)
      interrupt()
      try await withOwnership(of: final) {
        guard let record = try await catalog.read({ try $0.upload(final) }), record.isAssembling else {
          return
        }
        try await failFinal(record, part.id, part.state)
      }
    }
  }

  /// Ends a final upload for a part's end. Called by its owner.
  private func failFinal(_ record: UploadRecord, _ part: UploadID, _ state: UploadState) async throws {
    var rejected = record
    rejected.state = .rejected
    rejected.updatedAt = clock.now()
    rejected.reason = "its part \(part) was \(state.rawValue) before it was put together"
    let saved = rejected
    try await catalog.write { transaction in
      try transaction.update(saved)
      try transaction.record(
        NewEvent(
          at: saved.updatedAt, kind: .uploadRejected, subject: saved.id.text,
          details: ["path": saved.path.text, "part": part.text]))
    }
    unfinished.remove(record.id)
    try await blobs.removePartial(record.id)
  }
}

/// Asks an assembly to end where it is.
private final class AssemblyStop: UploadBody {
  private let state = Locked(false)
  var isSet: Bool { state.withLock { $0 } }

  func deliver(to sink: any UploadSink) async throws(BodyInterrupted) {}
  func interrupt() { state.withLock { $0 = true } }
}
