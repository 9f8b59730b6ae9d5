import NIOCore
import Platform
import Vocabulary

/// What the batches of one push have learned of the server.
final class BatchSupport: Sendable {
  private let isMissing = Locked(false)
  let limit = AppendLimit(BatchPlan.mostBytes)

  var isThere: Bool { !isMissing.withLock { $0 } }
  /// The server is older than batches.
  func giveUp() { isMissing.withLock { $0 = true } }
}

/// Takes small files to the server in one request for many.
///
/// Every file is read whole before a byte is sent, so that no frame can break. What does not go well in a batch goes
/// alone, as if there were no batches.
struct BatchTransfer: Sendable {
  let context: TransferContext

  /// The files as they were read for one request.
  private struct Reading: Sendable {
    var frames = ByteBuffer()
    var sent: [(item: TransferItem, digest: Digest)] = []
    /// Those that the server has already, and that need not be sent.
    var held: [TransferItem] = []
    var alone: [TransferItem] = []
    var byteCount: Int { sent.reduce(0) { $0 + Int($1.item.file.size) } }
  }

  /// What is left to do after a request.
  private struct Rest {
    var alone: [TransferItem] = []
    var failed: [PushFailure.File] = []
  }

  /// Sends the files until each is verified or failed.
  ///
  /// - Returns: Those that cannot be sent.
  /// - Throws: `Unreachable`, `PushFailure.closed` or `CancellationError` when the push cannot go on.
  func run(_ items: [TransferItem]) async throws -> [PushFailure.File] {
    var failed: [PushFailure.File] = []
    for part in BatchPlan.parts(of: items, mostBytes: mostBytes) {
      let rest = try await send(part)
      failed += rest.failed
      for item in rest.alone {
        if let failure = try await FileTransfer.report(item, context) { failed.append(failure) }
      }
    }
    return failed
  }

  private var mostBytes: Int64 { min(context.batches.limit.current, context.limit.current) }

  private func send(_ items: [TransferItem]) async throws -> Rest {
    var items = items
    var retry = RetryState(context.retrier.policy)
    while true {
      guard context.batches.isThere else { return Rest(alone: items) }
      let reading = try await read(items)
      hold(reading.held)
      items = reading.sent.map(\.item)
      guard items.count > 1 else { return Rest(alone: reading.alone + items) }
      let share = FileShare(board: context.board)
      share.counter()(reading.byteCount)
      do {
        let answer = try await context.api.sendBatch(
          reading.frames, to: context.push, author: context.author)
        var rest = try take(answer, reading, share)
        rest.alone += reading.alone
        return rest
      } catch let error as ClientError {
        share.drop()
        if var rest = try await rest(after: error, items, frameBytes: reading.frames.readableBytes) {
          rest.alone += reading.alone
          return rest
        }
        try await context.retrier.wait(after: error, &retry)
        items += reading.alone
      } catch {
        share.drop()
        throw error
      }
    }
  }

  /// What to do instead of repeating the batch; nil when it should be repeated.
  private func rest(
    after error: ClientError, _ items: [TransferItem], frameBytes: Int
  ) async throws -> Rest? {
    if error.has(.pushClosed) { throw PushFailure.closed("the push takes no more files: \(error)") }
    switch error.status {
    case 404, 405, 412, 415, 501:
      // Should it be the push that is not there, the next file alone finds that out.
      context.batches.giveUp()
      return Rest(alone: items)
    case 413:
      guard context.batches.limit.shrink(below: Int64(frameBytes)) else { return Rest(alone: items) }
      return Rest(failed: try await run(items))
    default:
      return error.retryable ? nil : Rest(alone: items)
    }
  }

  /// Reads the files, and of those that the server has already compares the digests.
  private func read(_ items: [TransferItem]) async throws -> Reading {
    try Task.checkCancellation()
    return await context.io.perform { [fileSystem = context.fileSystem] in
      var reading = Reading()
      reading.frames.reserveCapacity(
        items.reduce(0) { $0 + Int(BatchFrames.estimatedBytes(of: $1.file)) })
      for item in items {
        do {
          let (content, digest) = try FileReading.whole(item.file, fileSystem: fileSystem)
          if item.storedDigest == digest {
            reading.held.append(item)
          } else {
            BatchFrames.append(item.file, content: content, digest: digest, to: &reading.frames)
            reading.sent.append((item, digest))
          }
        } catch {
          reading.alone.append(item)
        }
      }
      return reading
    }
  }

  private func hold(_ items: [TransferItem]) {
    for item in items {
      if case .resume(let id) = item.step { note(item, id) }
      context.board.update {
        $0.bytesResumed += item.file.size
        $0.bytesAcked += item.file.size
      }
    }
  }

  private func take(_ answer: BatchAnswer, _ reading: Reading, _ share: FileShare) throws -> Rest {
    var answers: [BundlePath: BatchAnswer.Item] = [:]
    for item in answer.items {
      if let path = try? BundlePath(item.path) { answers[path] = item }
    }
    var rest = Rest()
    var acknowledged: Int64 = 0
    var closed: String?
    for (item, digest) in reading.sent {
      if answers[item.file.path]?.status == "superseded" { context.tellSuperseded(item.file) }
      switch BatchOutcome.decide(answers[item.file.path], digest: digest, step: item.step) {
      case .done(let id):
        acknowledged += item.file.size
        note(item, id)
      case .alone(let step): rest.alone.append(TransferItem(file: item.file, step: step))
      case .failed(let reason):
        rest.failed.append(PushFailure.File(path: item.file.path.text, reason: reason))
      case .closed(let reason): closed = reason
      }
    }
    share.acknowledge(acknowledged)
    if let closed { throw PushFailure.closed(closed) }
    return rest
  }

  private func note(_ item: TransferItem, _ id: UploadID) {
    context.board.update { $0.filesDone += 1 }
    context.journal.note(
      JournalRecord.File(item.file, uploadURL: context.api.address(of: id), state: .done))
  }
}
