import Blobs
import Catalog
import Platform
import Vocabulary

extension UploadEngine {
  /// A request that sends more than this shows as receiving while it runs, at the price of one more transaction.
  private static var longRequestBytes: Int64 { 4 << 20 }

  /// What a request came to while it owned the upload.
  enum Step {
    case outcome(UploadOutcome)
    case finished(Finished)
    /// The upload has ended, for this reason.
    case invalidated(UploadRecord, ProblemError)
  }

  /// Takes the upload over and stores the body's bytes behind those it has. `isUntold`: nobody knows its URL before the
  /// answer, so that it is an orphan when there is none (T-25).
  func append(
    _ intent: AppendIntent, to id: UploadID, body: (any UploadBody)?, client: String?,
    isUntold: Bool = false, notify: Notify? = nil
  ) async throws -> UploadOutcome {
    if let problem = drainingProblem { throw problem }
    let step = try await withUpload(id, interrupting: body) { session in
      try await append(
        intent, &session, body: body, client: client, isUntold: isUntold, notify: notify)
    }
    switch step {
    case .outcome(let outcome):
      if case .appended(let view) = outcome, view.concatenation == .partial, view.offset == view.length {
        try await assembleFinals(withPart: id)
      }
      return outcome
    case .invalidated(let ended, let problem):
      try await failFinals(withPart: ended)
      return .refused(problem, view: nil)
    case .finished(let finished):
      let record = try await settle(finished, wantsDigest: intent.checks.wantsFileDigest)
      return .appended(view(record, offset: record.length ?? 0))
    }
  }

  private func append(
    _ intent: AppendIntent, _ session: inout UploadSession, body: (any UploadBody)?, client: String?,
    isUntold: Bool, notify: Notify?
  ) async throws -> Step {
    let record = session.record
    if case .final = record.concatenation {
      throw ProblemError(
        .finalImmutable, detail: "upload \(record.id) is made of others and takes no content")
    }
    let offset = record.state.isFinished ? record.length ?? 0 : session.offset
    var machine = UploadMachine(
      id: record.id, state: record.state, length: record.length, offset: offset,
      maximumBytes: limits.maximumBytes, maximumAppendBytes: limits.maximumAppendBytes,
      isPartial: record.concatenation == .partial)
    if record.state.isOpen { try await checkExpectedSize(intent, of: record) }
    try checkDigests(intent.checks.fileDigests, of: record)
    switch machine.begin(intent) {
    case .refuse(let error):
      // A client goes on from the offset of a refusal too, so it is as durable as any other (MUST-1).
      try await makeDurable(&session)
      return .outcome(.refused(error, view: view(session.record, offset: offset)))
    case .invalidate(let error):
      try await requireNoAssembly(with: record)
      return try await invalidate(&session, error)
    case .acknowledge: return .outcome(.appended(view(record, offset: offset)))
    case .receive(let isStaged):
      if body != nil, intent.contentLength != 0, !machine.isFull, let problem = await headroom.problem() {
        try await session.partial?.sync()
        return .outcome(.refused(problem, view: view(record, offset: offset)))
      }
      let isNewDigest = try Self.declare(intent.checks.fileDigests, for: &session.record)
      let isNewLength = session.record.length != machine.length || isNewDigest
      session.record.length = machine.length
      if let length = machine.length { unfinished.update(record.id, bytes: length) }
      // Without memory to spare it is received like any other: nobody waits for another client's content.
      if let length = smallLength(of: session), smallContent.acquire(length) {
        defer { smallContent.release(length) }
        return try await receiveSmall(
          intent, &session, machine, length: length, body: body, client: client, isNewLength: isNewLength)
      }
      return try await receive(
        intent, &session, machine, body: body, client: client, isStaged: isStaged, isUntold: isUntold,
        isNewLength: isNewLength, notify: notify)
    }
  }

  /// A digest stated for a file that is verified already.
  private func checkDigests(_ digests: [Checksum], of record: UploadRecord) throws(ProblemError) {
    guard let actual = record.digest else { return }
    for digest in digests where digest.algorithm == .sha256 && digest.bytes != actual.bytes {
      throw ProblemError(
        .digestMismatch, detail: "upload \(record.id) has sha256 \(actual), the request declares another",
        members: ["declared": .text(Hexadecimal.encode(digest.bytes)), "actual": .text(actual.hex)])
    }
  }

  /// Why the rows of invalidated uploads say that they were cancelled.
  static var invalidReason: String { "a request sent more than the upload's length" }

  /// Ends an upload whose requests contradict its length.
  func invalidate(_ session: inout UploadSession, _ problem: ProblemError) async throws -> Step {
    session.partial?.close()
    session.partial = nil
    session.record = try await erase(
      session.record, as: .cancelled, event: .uploadCancelled,
      reason: Self.invalidReason)
    return .invalidated(session.record, problem)
  }

  /// A length stated late must be the one the push was opened with.
  private func checkExpectedSize(_ intent: AppendIntent, of record: UploadRecord) async throws {
    guard let stated = intent.length, record.length == nil, let push = record.push else { return }
    let expected = try await catalog.read { try $0.expectedFile(ofPush: push, at: record.path) }
    guard let expected, expected.size != stated else { return }
    throw ProblemError(
      .inconsistentLength,
      detail:
        "path \(quoted(record.path.text)) was announced with \(expected.size) bytes, the request says \(stated)",
      members: ["path": .text(record.path.text)])
  }

  /// Opens the partial file; bytes of a checksummed chunk that a crash left unverified are cut off first. Nil when there
  /// is none and no byte was acknowledged yet.
  func openPartial(_ record: inout UploadRecord) async throws -> (any PartialBlob)? {
    let partial: any PartialBlob
    do {
      partial = try await blobs.openPartial(
        record.id, hashState: record.hashState, urgency: urgency(of: record))
    } catch {
      guard case .missing = error else { throw error }
      if record.state == .created { return nil }
      await recordFault(record, error.description)
      throw error
    }
    if let floor = record.unverifiedFrom, partial.size > floor { try await partial.truncate(to: floor) }
    // From here on it is known what a failed sync has to be cut back to; and the mark must outlast the cut, also one that
    // an earlier process made and did not see through.
    try await partial.sync()
    // A hash state of bytes that were cut off would fit again once as many others have come.
    let isStale = record.state.isOpen && record.hashedBytes > partial.hash.byteCount
    guard record.unverifiedFrom != nil || isStale else { return partial }
    record.unverifiedFrom = nil
    (record.hashState, record.hashedBytes) = partial.hash
    let cleared = record
    try await catalog.write { try $0.update(cleared) }
    return partial
  }

  func urgency(of record: UploadRecord) -> HashUrgency {
    record.declaredDigest == nil ? .whenIdle : .atOnce
  }

  private func receive(
    _ intent: AppendIntent, _ session: inout UploadSession, _ machine: UploadMachine,
    body: (any UploadBody)?, client: String?, isStaged: Bool, isUntold: Bool, isNewLength: Bool,
    notify: Notify?
  ) async throws -> Step {
    let partial: any PartialBlob
    if let known = session.partial {
      partial = known
    } else {
      partial = try await blobs.createPartial(session.record.id, urgency: urgency(of: session.record))
      session.partial = partial
    }
    let ticket = activity.begin(
      session.record, partial: partial, client: client, interrupt: { body?.interrupt() })
    defer { activity.end(ticket) }
    // A drain that began while this request waited did not see it among those to interrupt.
    if let problem = drainingProblem { throw problem }
    try await announce(&session.record, partial, isStaged: isStaged, intent)
    let checksums = intent.checks.checksums.map { ChecksumStream($0.algorithm) }
    let start = partial.size
    let progress = notify.map { ProgressNotices(of: session.record.id, partial, uptime: uptime, $0) }
    let (id, isDeferred) = (session.record.id, session.record.length == nil)
    let sink = AppendSink(
      machine, partial: partial, checksums: checksums, isStaged: isStaged, headroom: headroom
    ) { [activity, unfinished] offset in
      activity.advance(ticket, to: offset)
      if !isStaged { progress?.advance() }
      if isDeferred { unfinished.update(id, bytes: offset) }
    }
    var end = UploadMachine.BodyEnd.clean
    var cause: ProblemError?
    do {
      try await body?.deliver(to: sink)
    } catch { (end, cause) = (.interrupted, error.problem) }
    if let body, body.isFromClient { blobs.counters.add(.received, bytes: max(0, partial.size - start)) }
    var (machine, stop, failure) = sink.close()
    if stop == .overflow { end = .overflow }
    if stop == .noRoom { (end, cause) = (.interrupted, DiskHeadroom.shortage) }
    if failure != nil {
      end = .failed
      // A failed write may have stored a part of a chunk: what counts is what the file has.
      machine.correct(toStoredBytes: partial.size)
    }
    var matches = zip(checksums, intent.checks.checksums).allSatisfy { $0.finish() == $1.bytes }
    var trailerFlaw: ProblemError?
    if end == .clean && matches && intent.checks.hasTrailer {
      do throws(ProblemError) {
        if let checksum = try body?.trailingChecksum() {
          let actual = try await trailingChecksum(checksum.algorithm, of: id, from: start, to: partial.size)
          matches = actual == checksum.bytes
        }
      } catch { (trailerFlaw, matches) = (error, false) }
    }
    let ending = machine.end(end, checksumMatches: matches)
    var isNewLength = isNewLength
    if case .keep = ending, session.record.length != machine.length {
      // The last request of a part: its end is the part's length.
      session.record.length = machine.length
      isNewLength = true
    }
    let step = try await conclude(
      ending, &session, partial, isNewLength: isNewLength, floor: progress?.toldOffset)
    if let failure { throw failure }
    if let trailerFlaw {
      return .outcome(.refused(trailerFlaw, view: view(session.record, offset: session.offset)))
    }
    guard end == .interrupted else { return step }
    if case .finished = step { return step }
    if isUntold { try await shortenLife(of: session.record) }
    throw cause ?? interruption(of: id)
  }

  /// The checksum of a chunk whose algorithm was not known before its end.
  private func trailingChecksum(
    _ algorithm: ChecksumAlgorithm, of id: UploadID, from start: Int64, to end: Int64
  ) async throws(ProblemError) -> [UInt8] {
    do {
      return try await checksum(algorithm, ofPartial: id, from: start, to: end)
    } catch {
      throw problem(for: error)
    }
  }

  /// Writes to the row what must be there before the first byte: a mark in front of bytes that do not count yet, and,
  /// of a long request, that the upload is receiving.
  private func announce(
    _ record: inout UploadRecord, _ partial: any PartialBlob, isStaged: Bool, _ intent: AppendIntent
  ) async throws {
    let isLong = record.state == .created && (intent.contentLength ?? .max) > Self.longRequestBytes
    guard isStaged || isLong else { return }
    let isFirst = record.state == .created
    // A row that says `receiving` promises a file, whose name must last as long as the row.
    if isFirst { try await partial.sync() }
    if isStaged { record.unverifiedFrom = partial.size }
    record.state = .receiving
    record.updatedAt = clock.now()
    let marked = record
    try await catalog.write { transaction in
      try transaction.update(marked)
      if isFirst {
        try transaction.record(
          NewEvent(at: marked.updatedAt, kind: .uploadReceiving, subject: marked.id.text))
      }
    }
  }

  private func conclude(
    _ ending: UploadMachine.Ending, _ session: inout UploadSession, _ partial: any PartialBlob,
    isNewLength: Bool, floor: Int64?
  ) async throws -> Step {
    let isMarked = session.record.unverifiedFrom != nil
    session.record.unverifiedFrom = nil
    switch ending {
    case .invalidate(let error): return try await invalidate(&session, error)
    case .keepRefusing(let error):
      try await save(&session, partial, mustWrite: isMarked || isNewLength)
      return .outcome(.refused(error, view: view(session.record, offset: partial.size)))
    case .rollBack(let start, let error):
      // What a client was told of in the meantime stays (MUST-1).
      let offset = max(start, floor ?? 0)
      try await partial.truncate(to: offset)
      try await save(&session, partial, mustWrite: true)
      let seen = view(session.record, offset: offset)
      return .outcome(error.map { .refused($0, view: seen) } ?? .appended(seen))
    case .keep:
      try await save(&session, partial, mustWrite: isMarked || isNewLength)
      return .outcome(.appended(view(session.record, offset: partial.size)))
    case .finish:
      // The file is about to get its second name; from then on no row may say that it could be cut or go on.
      if isMarked || isNewLength {
        try await save(&session, partial, mustWrite: true)
      } else {
        try await partial.sync()
      }
      return .finished(try await finish(&session))
    }
  }

  /// Makes what the upload has durable before a client is told of it, and the row say that there is something.
  func makeDurable(_ session: inout UploadSession) async throws {
    guard let partial = session.partial else { return }
    if session.record.state == .created && partial.size > 0 {
      try await save(&session, partial, mustWrite: true)
    } else {
      try await partial.sync()
    }
  }

  /// Makes the bytes durable, then the row where it has to change: state receiving, length, expiry, hash.
  ///
  /// The row's expiry slides on only now and then; clients are told the row's.
  func save(_ session: inout UploadSession, _ partial: any PartialBlob, mustWrite: Bool) async throws {
    try await partial.sync()
    let now = clock.now()
    let isFirst = session.record.state == .created && partial.size > 0
    let expiresAt = now.adding(seconds: limits.expirySeconds)
    let lead = expiresAt.milliseconds - (session.record.expiresAt?.milliseconds ?? 0)
    guard mustWrite || isFirst || lead > Self.graceMilliseconds(of: limits.expirySeconds) else { return }
    if isFirst { session.record.state = .receiving }
    (session.record.hashState, session.record.hashedBytes) = partial.hash
    session.record.updatedAt = now
    session.record.expiresAt = expiresAt
    let saved = session.record
    try await catalog.write { [limits] transaction in
      try transaction.update(saved)
      if isFirst {
        try transaction.record(NewEvent(at: now, kind: .uploadReceiving, subject: saved.id.text))
      }
      if let push = saved.push {
        try Self.touch(push, at: now, seconds: limits.pushExpirySeconds, in: transaction)
      }
    }
  }

  /// How much a stored expiry may lag behind: a tenth of the lifetime, or an hour, is exact enough.
  static func graceMilliseconds(of lifetimeSeconds: Int64) -> Int64 { min(3600, lifetimeSeconds / 10) * 1000 }

  /// Why a request that was broken off did not end well.
  func interruption(of id: UploadID) -> ProblemError {
    drainingProblem
      ?? ProblemError(.takenOver, detail: "a newer request took upload \(id) over, or the connection broke")
  }

  private func shortenLife(of record: UploadRecord) async throws {
    var record = record
    guard record.state.isOpen, record.push == nil else { return }
    record.expiresAt = clock.now().adding(seconds: limits.orphanExpirySeconds)
    let shortened = record
    try await catalog.write { try $0.update(shortened) }
  }

  func recordFault(_ record: UploadRecord, _ what: String) async {
    report("storage fault: upload \(record.id): \(what)")
    let event = NewEvent(
      at: clock.now(), kind: .storageFault, subject: record.id.text,
      details: ["what": "the partial file is missing"])
    do {
      try await catalog.write { try $0.record(event) }
    } catch {
      report("the fault could not be recorded: \(error)")
    }
  }
}
