import AsyncHTTPClient
import NIOCore
import Platform
import Vocabulary

/// One attempt to get one state of a file to the server, through any number of broken connections.
final class FileSending {
  private let context: TransferContext
  private let share: FileShare
  private let reading: FileReading
  /// Known as soon as the server told it.
  private(set) var upload: UploadID?
  /// What the server has; nil when it must be asked.
  private var offset: Int64?
  /// The stored bytes are known to be this file's.
  private var isTrusted: Bool
  /// The upload is an earlier run's, and what it has was not counted yet.
  private var isUncounted: Bool
  /// How far the bytes go that were handed to the network; nil when an earlier run sent some of the upload.
  private let handed: Locked<Int64?>
  private var retry: RetryState
  /// What need not be sent, as an older version of the file has it.
  private var delta: BlockDelta?

  private var file: SourceFile { reading.source }

  init(
    context: TransferContext, share: FileShare, reading: FileReading, upload: UploadID?,
    delta: BlockDelta? = nil
  ) {
    self.delta = delta
    self.context = context
    self.share = share
    self.reading = reading
    self.upload = upload
    isTrusted = upload == nil
    isUncounted = upload != nil
    handed = Locked(upload == nil ? 0 : nil)
    retry = RetryState(context.retrier.policy)
  }

  func run() async throws {
    while true {
      do {
        if try await step() { return }
      } catch let error as ClientError {
        share.drop()
        if let upload, error.has(.superseded) {
          context.tellSuperseded(file)
          return finished(upload)
        }
        try await recover(from: error)
      } catch {
        share.drop()
        throw error
      }
    }
  }

  /// Does the next thing; true when the file is there and verified.
  private func step() async throws -> Bool {
    guard let upload else { return try await create() }
    guard let offset else {
      try await ask(upload)
      return false
    }
    guard offset < file.size else { return try await verify(upload) }
    if !isTrusted && offset > 0 { try await compare(upload) }
    isTrusted = true
    try await append(upload, at: offset)
    return false
  }

  private func create() async throws -> Bool {
    guard file.size <= min(FileTransfer.smallBytes, context.limit.current) else {
      let metadata = MetadataField.encode(
        push: context.push, file: file, digest: delta?.digest, author: context.author)
      began(try await context.api.createUpload(size: file.size, metadata: metadata))
      return false
    }
    let (content, digest) = try await reading.whole()
    let metadata = MetadataField.encode(
      push: context.push, file: file, digest: digest, author: context.author)
    share.counter()(content.readableBytes)
    handed.withLock { $0 = file.size }
    let created = try await context.api.createUpload(
      size: file.size, metadata: metadata, content: file.size > 0 ? content : nil)
    began(created)
    // With its digest declared, an upload is verified before its last byte is acknowledged.
    guard created.offset == file.size else { return false }
    finished(created.id)
    return true
  }

  private func began(_ created: UploadCreation) {
    upload = created.id
    context.limit.lower(to: created.mostAppendBytes ?? .max)
    if let offset = created.offset {
      // The upload was there already, and so were bytes that this run has not sent: to be compared first.
      if offset > handed.withLock({ $0 ?? 0 }) {
        isTrusted = false
        handed.withLock { $0 = nil }
      }
      reached(offset)
    }
    if created.offset != file.size { note(created.id, .sending) }
  }

  private func ask(_ id: UploadID) async throws {
    let head = try await context.api.head(id)
    guard head.state != .rejected, head.length == nil || head.length == file.size else {
      throw StartOver(cause: .rejected, explanation: "what the server has cannot become this file")
    }
    try checkClaim(head.offset)
    context.limit.lower(to: head.mostAppendBytes ?? .max)
    if isUncounted {
      context.board.update { $0.bytesResumed += head.offset }
      isUncounted = false
    }
    note(id, .sending)
    reached(head.offset)
  }

  /// Bytes that were never sent would be skipped by going on from there (B-8).
  private func checkClaim(_ offset: Int64) throws {
    guard offset <= file.size else {
      throw ClientError.unexpected(
        "the server claims to have \(offset) bytes of a file that has \(file.size)")
    }
    guard let handed = handed.withLock({ $0 }), offset > handed else { return }
    throw ClientError.unexpected(
      "the server claims to have \(offset) bytes, of which only \(handed) were sent")
  }

  /// The bytes of an earlier run are trusted only after their digests were compared block by block.
  private func compare(_ id: UploadID) async throws {
    let remote = try await context.api.blocks(of: id)
    guard let difference = try await reading.firstDifference(from: remote) else { return }
    throw StartOver(
      cause: .sourceChanged,
      explanation:
        "the file changed at or after byte \(difference) since the earlier run, which had sent more")
  }

  private func append(_ id: UploadID, at offset: Int64) async throws {
    if let delta, let range = delta.copied(from: offset) {
      return try await copy(range, delta, to: id)
    }
    let next = delta?.nextCopy(after: offset) ?? file.size
    let end = offset + min(next - offset, context.limit.current)
    let hash = try await reading.hash(upTo: offset)
    let counter = share.counter()
    let position = Locked(offset)
    let chunks = reading.chunks(from: offset, to: end, hash: hash) { [handed] count in
      counter(count)
      let place = position.withLock { position in
        position += Int64(count)
        return position
      }
      handed.withLock { $0 = $0.map { max($0, place) } }
    }
    let reached = try await context.api.append(
      to: id, at: offset, count: end - offset, body: .stream(chunks, length: .known(end - offset)))
    guard reached > offset else {
      throw ClientError(
        code: "no-progress", title: "The server acknowledged nothing", retryable: true)
    }
    self.reached(reached)
  }

  /// Has the server take bytes from the older version of the file; without that they are sent like any others.
  private func copy(_ range: Range<Int64>, _ delta: BlockDelta, to id: UploadID) async throws {
    let before = share.acked
    do {
      // The bytes count as handed over: their digests were compared.
      handed.withLock { $0 = $0.map { max($0, range.upperBound) } }
      let reached = try await context.api.copy(range, delta, to: id)
      guard reached > range.lowerBound, reached <= range.upperBound else {
        throw ClientError.unexpected("a copy told a strange offset")
      }
      self.reached(reached)
      context.board.update { $0.bytesSkipped += max(0, reached - before) }
    } catch let error as ClientError where !error.retryable && !error.has(.superseded) {
      self.delta = nil
      self.offset = nil
    }
  }

  private func verify(_ id: UploadID) async throws -> Bool {
    let digest = try await reading.hash(upTo: file.size).digest()
    try await reading.checkUnchanged()
    try await context.api.verify(id, digest)
    finished(id)
    return true
  }

  private func recover(from error: ClientError) async throws {
    if upload == nil {
      if error.has(.pushClosed) || error.has(.gone) || error.has(.notFound) {
        throw PushFailure.closed("the push takes no more files: \(error)")
      }
      if error.has(.pathConflict) && !context.isShared { return try await adopt(error) }
      // Something on the way may take the file in pieces, but not with its creation.
      let isWithContent = file.size > 0 && file.size <= min(FileTransfer.smallBytes, context.limit.current)
      if error.status == 413, isWithContent, context.limit.shrink(below: file.size) { return }
    } else {
      if error.has(.digestMismatch) || error.has(.uploadRejected) {
        throw StartOver(cause: .rejected, explanation: "what arrived is not what was sent")
      }
      if error.has(.pushClosed) { throw PushFailure.closed("the push takes no more files: \(error)") }
      // Only HEAD may say that an upload is gone; anything else merely gives reason to ask.
      if error.meansGone && offset == nil {
        throw StartOver(cause: .serverLost, explanation: "the server no longer has the upload")
      }
      if error.status == 413, let offset {
        let tried = min(file.size - offset, context.limit.current)
        guard context.limit.shrink(below: tried) else { throw error }
        self.offset = nil
        return
      }
    }
    // A creation that was answered 422 leaves a rejected upload, which the next creation runs into and replaces.
    let mayAsk = upload != nil && error.meansGone
    guard error.retryable || mayAsk || error.has(.uploadRejected) else { throw error }
    offset = nil
    try await context.retrier.wait(after: error, &retry)
  }

  /// Another request of this client made the upload, but its answer was lost.
  private func adopt(_ conflict: ClientError) async throws {
    let uploads = try await context.api.uploads(of: context.push, retrier: context.retrier)
    let mine = uploads.first { $0.path.map { Array($0.utf8) } == Array(file.path.text.utf8) }
    switch ResumeStep.decide(file: file, remembered: nil, server: mine) {
    case .resume(let id):
      upload = id
      offset = nil
      isTrusted = false
      handed.withLock { $0 = nil }
    case .replace(let id):
      upload = id
      throw StartOver(cause: .rejected, explanation: "what the server has cannot become this file")
    case .send, .done: throw conflict
    }
  }

  private func reached(_ offset: Int64) {
    self.offset = offset
    if share.acknowledge(offset) { retry.advanced() }
  }

  private func finished(_ id: UploadID) {
    share.acknowledge(file.size)
    note(id, .done)
  }

  private func note(_ id: UploadID, _ state: JournalRecord.FileState) {
    context.journal.note(
      JournalRecord.File(file, uploadURL: context.api.address(of: id), state: state))
  }
}
