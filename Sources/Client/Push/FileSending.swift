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
  private var retry: RetryState

  private var file: SourceFile { reading.source }

  init(context: TransferContext, share: FileShare, reading: FileReading, upload: UploadID?) {
    self.context = context
    self.share = share
    self.reading = reading
    self.upload = upload
    isTrusted = upload == nil
    isUncounted = upload != nil
    retry = RetryState(context.retrier.policy)
  }

  func run() async throws {
    while true {
      do {
        if try await step() { return }
      } catch let error as ClientError {
        share.drop()
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
    guard file.size <= FileTransfer.smallBytes else {
      let metadata = MetadataField.encode(push: context.push, file: file, digest: nil)
      let created = try await context.api.createUpload(size: file.size, metadata: metadata)
      began(created.id, at: created.offset ?? 0)
      return false
    }
    let (content, digest) = try await reading.whole()
    let metadata = MetadataField.encode(push: context.push, file: file, digest: digest)
    share.counter()(content.readableBytes)
    let created = try await context.api.createUpload(
      size: file.size, metadata: metadata, content: file.size > 0 ? content : nil)
    began(created.id, at: created.offset)
    // With its digest declared, an upload is verified before its last byte is acknowledged.
    guard created.offset == file.size else { return false }
    finished(created.id)
    return true
  }

  private func began(_ id: UploadID, at offset: Int64?) {
    upload = id
    isTrusted = true
    if let offset { reached(offset) }
    if offset != file.size { note(id, .sending) }
  }

  private func ask(_ id: UploadID) async throws {
    let head = try await context.api.head(id)
    guard head.state != .rejected, head.length == nil || head.length == file.size, head.offset <= file.size
    else {
      throw StartOver(cause: .rejected, explanation: "what the server has cannot become this file")
    }
    if isUncounted {
      context.board.update { $0.bytesResumed += head.offset }
      isUncounted = false
    }
    note(id, .sending)
    reached(head.offset)
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
    let end = offset + min(file.size - offset, context.limit.current)
    let hash = try await reading.hash(upTo: offset)
    let chunks = reading.chunks(from: offset, to: end, hash: hash, onSent: share.counter())
    let reached = try await context.api.append(
      to: id, at: offset, count: end - offset, body: .stream(chunks, length: .known(end - offset)))
    guard reached > offset else {
      throw ClientError(
        code: "no-progress", title: "The server acknowledged nothing", retryable: true)
    }
    self.reached(reached)
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
      if error.has(.pathConflict) { return try await adopt(error) }
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
      JournalRecord.File(
        path: file.path.text, size: file.size, mtime: file.modifiedNanoseconds,
        uploadURL: context.api.address(of: id), state: state))
  }
}
