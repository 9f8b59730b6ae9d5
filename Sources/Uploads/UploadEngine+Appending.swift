import Blobs
import Catalog
import Platform
import Vocabulary

extension UploadEngine {
  /// Takes the upload over and stores the body's bytes behind those it has.
  func append(
    _ intent: AppendIntent, to id: UploadID, body: (any UploadBody)?, client: String?,
    isCreation: Bool = false
  ) async throws -> UploadOutcome {
    if let problem = drainingProblem { throw problem }
    return try await withOwnership(of: id, interrupting: body) {
      var record = try await requireUpload(id)
      if record.state.isFinished {
        var machine = UploadMachine(
          id: id, state: record.state, length: record.length, offset: record.length ?? 0,
          maximumBytes: limits.maximumBytes)
        let seen = view(record, offset: machine.offset)
        if case .refuse(let error) = machine.begin(intent) { return .refused(error, view: seen) }
        return .appended(seen)
      }
      let partial = try await openPartial(&record)
      defer { partial.close() }
      var machine = UploadMachine(
        id: id, state: record.state, length: record.length, offset: partial.size,
        maximumBytes: limits.maximumBytes)
      try await checkExpectedSize(intent, of: record)
      switch machine.begin(intent) {
      case .refuse(let error):
        // A client goes on from the offset of a refusal too, so it is as durable as any other (MUST-1).
        try await partial.sync()
        return .refused(error, view: view(record, offset: partial.size))
      case .acknowledge: return .appended(view(record, offset: partial.size))
      case .receive(let isStaged):
        record.length = machine.length
        return try await receive(
          intent, record: &record, machine: &machine, partial: partial, body: body, client: client,
          isStaged: isStaged, isCreation: isCreation)
      }
    }
  }

  /// A request that sends more than this shows as receiving while it runs, at the price of one more transaction.
  private static var longRequestBytes: Int64 { 4 << 20 }

  private func markReceiving(_ record: inout UploadRecord) async throws {
    record.state = .receiving
    record.updatedAt = clock.now()
    let marked = record
    try await catalog.write { transaction in
      try transaction.update(marked)
      try transaction.record(
        NewEvent(at: marked.updatedAt, kind: .uploadReceiving, subject: marked.id.text))
    }
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

  /// Opens the partial file; bytes of a checksummed chunk that a crash left unverified are cut off first.
  func openPartial(_ record: inout UploadRecord) async throws -> any PartialBlob {
    let partial: any PartialBlob
    do {
      partial = try await blobs.openPartial(record.id, hashState: record.hashState)
    } catch {
      if case .missing = error { await recordFault(record, error.description) }
      throw error
    }
    guard let floor = record.unverifiedFrom else { return partial }
    if partial.size > floor { try await partial.truncate(to: floor) }
    record.unverifiedFrom = nil
    let cleared = record
    try await catalog.write { try $0.update(cleared) }
    return partial
  }

  private func receive(
    _ intent: AppendIntent, record: inout UploadRecord, machine: inout UploadMachine,
    partial: any PartialBlob,
    body: (any UploadBody)?, client: String?, isStaged: Bool, isCreation: Bool
  ) async throws -> UploadOutcome {
    let ticket = activity.begin(
      record, offset: partial.size, client: client, interrupt: { body?.interrupt() })
    defer { activity.end(ticket) }
    // A drain that began while this request waited did not see it among those to interrupt.
    if let problem = drainingProblem { throw problem }
    let isNewLength = intent.length != nil
    if isStaged {
      record.unverifiedFrom = partial.size
      let marked = record
      try await catalog.write { try $0.update(marked) }
    }
    let checksum = intent.checksum.map { ChecksumStream($0.algorithm) }
    var end = UploadMachine.BodyEnd.clean
    var failure: BlobError?
    var checkpoint = partial.size + limits.checkpointBytes
    if let body {
      do {
        receiving: while let chunks = try await body.next() {
          for chunk in chunks where machine.store(byteCount: chunk.count) == .overflow {
            end = .overflow
            break receiving
          }
          try await partial.append(chunks)
          if let checksum {
            for chunk in chunks { checksum.update(chunk) }
          }
          activity.advance(ticket, to: machine.offset)
          if record.state == .created && !isStaged && (intent.contentLength ?? .max) > Self.longRequestBytes {
            try await markReceiving(&record)
          }
          if partial.size >= checkpoint && !isStaged {
            try await save(&record, partial: partial)
            checkpoint = partial.size + limits.checkpointBytes
          }
        }
      } catch is BodyInterrupted {
        end = .interrupted
      } catch let error as BlobError {
        end = .failed
        failure = error
      }
    }
    if failure != nil {
      // A failed write may have stored a part of a chunk: what counts is what the file has.
      machine.correct(toStoredBytes: partial.size)
    }
    let matches = checksum.map { $0.finish() == intent.checksum?.bytes } ?? true
    let outcome = try await conclude(
      machine.end(end, checksumMatches: matches), record: &record, partial: partial,
      mustSaveFirst: isStaged || isNewLength)
    if let failure { throw failure }
    if end == .interrupted {
      if isCreation { try await shortenLife(of: record) }
      if let problem = drainingProblem { throw problem }
      throw ProblemError(
        .takenOver, detail: "a newer request took upload \(record.id) over, or the connection broke")
    }
    return outcome
  }

  private func conclude(
    _ ending: UploadMachine.Ending, record: inout UploadRecord, partial: any PartialBlob, mustSaveFirst: Bool
  ) async throws -> UploadOutcome {
    switch ending {
    case .rollBack(let offset, let error):
      try await partial.truncate(to: offset)
      record.unverifiedFrom = nil
      try await save(&record, partial: partial)
      let seen = view(record, offset: offset)
      return error.map { .refused($0, view: seen) } ?? .appended(seen)
    case .keep:
      record.unverifiedFrom = nil
      try await save(&record, partial: partial)
      return .appended(view(record, offset: partial.size))
    case .finish:
      // The file is about to get its second name; from then on no row may say that it could be cut or go on.
      if mustSaveFirst {
        record.unverifiedFrom = nil
        try await save(&record, partial: partial)
      }
      let finished = try await finish(record, partial: partial)
      return .appended(view(finished, offset: partial.size))
    }
  }

  /// Makes the bytes durable, then the row: hash state, sliding expiry, state receiving.
  func save(_ record: inout UploadRecord, partial: any PartialBlob) async throws {
    try await partial.sync()
    let now = clock.now()
    let isFirst = record.state == .created && partial.size > 0
    if isFirst { record.state = .receiving }
    (record.hashState, record.hashedBytes) = partial.hash
    record.updatedAt = now
    record.expiresAt = now.adding(seconds: limits.expirySeconds)
    let saved = record
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
