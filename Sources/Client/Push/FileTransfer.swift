import AsyncHTTPClient
import NIOCore
import Platform
import Vocabulary

/// What all transfers of one push share.
struct TransferContext: Sendable {
  let api: GatewayAPI
  let push: PushID
  let retrier: Retrier
  let journal: PushJournal
  let board: ProgressBoard
  let io: any IOExecutor
  let fileSystem: any FileSystem
  let limit: AppendLimit
  let batches: BatchSupport
  /// Others add to the push too: what is there is theirs, unless this client's journal says otherwise.
  var isShared = false
  /// Named with every file; nil when the push says it.
  var author: String?
  let notice: @Sendable (String) -> Void

  /// The file arrived and is not in the push, by the push's policy for conflicts.
  func tellSuperseded(_ file: SourceFile) {
    notice("\(quoted(file.path.text)): another client's file counts at this path")
  }
}

/// Most bytes in one request; shrinks when something on the way says that a request was too large.
package final class AppendLimit: Sendable {
  package static let smallest: Int64 = 64 << 10
  private let bytes: Locked<Int64>

  package init(_ bytes: Int64 = .max) { self.bytes = Locked(bytes) }

  package var current: Int64 { bytes.withLock { $0 } }

  /// A request of `count` bytes was refused: the next have half of that. False when it cannot shrink any further.
  package func shrink(below count: Int64) -> Bool {
    guard count > Self.smallest else { return false }
    bytes.withLock { $0 = min($0, max(Self.smallest, count / 2)) }
    return true
  }

  /// The server says how much it takes in one request.
  package func lower(to most: Int64) { bytes.withLock { $0 = min($0, max(1, most)) } }
}

/// Takes one file to the server, however often the network fails.
///
/// Offsets never go back on the server. So when the local file differs from what is stored below the offset, the
/// upload is deleted, which frees its path, and the file is sent again; when it differs only at or after the offset,
/// or not at all, the transfer goes on from there.
struct FileTransfer: Sendable {
  /// Up to this size a file goes with its creation, in one request.
  static let smallBytes: Int64 = 1 << 20
  /// A file that changes while it is sent gets one more chance; a server that loses an upload a few.
  private static let mostChanges = 1
  private static let mostLosses = 3

  let context: TransferContext
  let share: FileShare

  init(context: TransferContext) {
    self.context = context
    share = FileShare(board: context.board)
  }

  /// Sends the file, and counts it when it is there.
  ///
  /// - Returns: Why it cannot be sent.
  static func report(_ item: TransferItem, _ context: TransferContext) async throws -> PushFailure.File? {
    do {
      try await FileTransfer(context: context).run(item.file, item.step, delta: item.delta)
      context.board.update { $0.filesDone += 1 }
      return nil
    } catch let problem as FileProblem {
      return PushFailure.File(path: item.file.path.text, reason: problem.reason)
    }
  }

  /// Sends the file, or what is missing of it, until it is verified.
  ///
  /// - Throws: `FileProblem` when this file cannot be sent; `Unreachable`, `PushFailure.closed` or `CancellationError`
  ///   when the push cannot go on.
  func run(_ original: SourceFile, _ step: ResumeStep, delta: BlockDelta? = nil) async throws {
    var delta = delta
    var file = original
    var upload: UploadID?
    switch step {
    case .done:
      share.acknowledge(file.size)
      context.board.update { $0.bytesResumed += file.size }
      return
    case .send: break
    case .resume(let id): upload = id
    case .replace(let id): try await delete(id, file)
    }
    var changes = 0
    var losses = 0
    while true {
      do {
        let reading = try await FileReading.open(file, io: context.io, fileSystem: context.fileSystem)
        let sending = FileSending(
          context: context, share: share, reading: reading, upload: upload, delta: delta)
        do {
          try await sending.run()
          return
        } catch {
          upload = sending.upload
          throw error
        }
      } catch let error as StartOver {
        if error.cause == .sourceChanged { changes += 1 } else { losses += 1 }
        guard changes <= Self.mostChanges, losses <= Self.mostLosses else {
          throw FileProblem(file: file, reason: error.explanation)
        }
        context.notice("\(quoted(file.path.text)): \(error.explanation); sending it again")
      } catch let error as SourceError {
        if let id = upload { try await delete(id, file) }
        upload = nil
        delta = nil
        changes += 1
        guard error.allowsAnotherTry, changes <= Self.mostChanges, case .changed(_, let now?) = error else {
          throw FileProblem(file: file, reason: error.description)
        }
        file = SourceFile(path: file.path, localPath: file.localPath, info: now)
        context.notice("\(error.description); sending it again")
        share.acknowledge(0)
        continue
      } catch let error as ClientError {
        throw FileProblem(file: file, reason: error.description)
      }
      if let id = upload { try await delete(id, file) }
      upload = nil
      share.acknowledge(0)
    }
  }

  private func delete(_ id: UploadID, _ file: SourceFile) async throws {
    context.journal.forget(file.path)
    try await context.retrier.run { try await context.api.deleteUpload(id) }
  }
}

/// One file that could not be sent.
struct FileProblem: Error {
  let file: SourceFile
  let reason: String
}
