import GatewayConfiguration
import Hummingbird
import NIOCore
import Platform
import UploadProtocol
import Uploads
import Vocabulary

/// Takes an archive file by file: small ones are gathered and stored together, one group while the next is gathered;
/// large ones go through to the engine. Memory does not grow with the archive but for the results.
final class BatchReceiver {
  private let services: GatewayServices
  private let stream: ItemStream<ArchiveEvent>
  private let client: String?
  private let author: String?
  private let budget: ByteBudget
  private let executor: LoopExecutor
  private var push: BatchPush
  private var results: BatchResults
  private var itemCount = 0
  private var group = BatchGroup()
  private var storing: Task<Result<[BatchResult], ProblemError>, Never>?

  /// Of all requests together `budget` bounds the files in memory, `resultBudget` the results.
  init(
    _ request: BatchRequest, push: BatchPush, services: GatewayServices, pieces: RequestPieces,
    budget: ByteBudget, resultBudget: ByteBudget, loop: any EventLoop, client: String?
  ) {
    self.push = push
    self.services = services
    self.budget = budget
    self.client = client
    author = request.author
    results = BatchResults(resultBudget)
    executor = LoopExecutor(loop)
    stream = ItemStream(pieces, request.parser)
  }

  struct Answer: Sendable {
    let body: ResponseBody
    /// The push that this request opened.
    let opened: PushID?
  }

  /// - Throws: `ProblemError` with the number of items `stored` and the `push` when the archive cannot be read on or
  ///   nothing more can be stored; what is stored stays, and the push stays open.
  func receive() async throws -> Answer {
    do {
      do throws(ProblemError) { try await readAll() } catch {
        // Files that came whole before the end came early are kept.
        if [.badArchive, .tooLarge].contains(error.problem) { try await flush() }
        throw error
      }
      try await flush()
    } catch {
      // What is stored is told, also of the group that was on its way.
      do { try await settle() } catch {}
      budget.release(group.heldBytes)
      throw ending(error)
    }
    guard results.count > 0 else {
      throw ProblemError(.badArchive, detail: "the archive has no files", members: ["stored": .integer(0)])
    }
    var failure: ProblemError?
    if results.refused == 0 {
      do { _ = try await push.seal() } catch let error as ProblemError { failure = error }
    }
    let view = try await push.snapshot().map(JSONViews.push) ?? .null
    return Answer(
      body: results.body(
        push: view, error: failure.map(ItemProblem.json) ?? .null, patience: services.patience),
      opened: push.isNew ? push.id : nil)
  }

  private func ending(_ error: any Error) -> any Error {
    guard var error = error as? ProblemError else { return error }
    error.members["stored"] = .integer(Int64(results.stored))
    error.members["exists"] = .integer(Int64(results.exists))
    if let id = push.id { error.members["push"] = .text(id.text) }
    return error
  }

  private func readAll() async throws(ProblemError) {
    while let event = try await stream.next() {
      itemCount += 1
      guard itemCount <= BatchResults.maximumCount else {
        throw ProblemError(
          .tooLarge,
          detail: "one request may bring \(BatchResults.maximumCount) files; send the rest in others")
      }
      switch event {
      case .file(let file): try await receive(file)
      case .refused(let name, let problem): group.append(refused: .refused(name, problem))
      case .content, .endOfFile: preconditionFailure("content belongs to a file")
      }
      if group.isFull { try await storeGroup() }
    }
  }

  private func receive(_ file: ArchiveFile) async throws(ProblemError) {
    let maximum = services.settings.maximumUploadBytes
    let isSmall =
      file.size <= Int64(services.settings.smallUploadBytes) && (maximum == 0 || file.size <= maximum)
    if isSmall, try await acquire(BatchGroup.cost(of: file.size)) {
      var content: [UInt8] = []
      content.reserveCapacity(Int(file.size))
      do throws(ProblemError) {
        while let event = try await stream.next(), case .bytes(let bytes)? = event.content {
          content += bytes
        }
      } catch {
        budget.release(BatchGroup.cost(of: file.size))
        throw error
      }
      group.append(
        WholeFile(
          path: file.path, content: content, declaredDigest: file.digest, modifiedAt: file.modifiedAt,
          mode: file.mode))
    } else {
      try await flush()
      let storage = BatchStorage(
        services: services, push: try await pushID(), client: client, author: author)
      try results.append(try await storage.store(file, from: stream))
    }
  }

  /// Memory for a file; what is gathered makes room if there is none. False: it has to do without.
  private func acquire(_ bytes: Int) async throws(ProblemError) -> Bool {
    if budget.acquire(bytes) { return true }
    try await flush()
    return budget.acquire(bytes)
  }

  private func pushID() async throws(ProblemError) -> PushID {
    do { return try await push.opened() } catch { throw services.uploads.problem(for: error) }
  }

  /// Waits for the group before, and starts to store what is gathered.
  private func storeGroup() async throws(ProblemError) {
    try await settle()
    guard !group.isEmpty else { return }
    let group = group
    self.group = BatchGroup()
    guard !group.files.isEmpty else {
      for result in group.results([]) { try results.append(result) }
      return
    }
    let storage: BatchStorage
    do throws(ProblemError) {
      storage = BatchStorage(
        services: services, push: try await pushID(), client: client, author: author)
    } catch {
      budget.release(group.heldBytes)
      throw error
    }
    storing = Task(executorPreference: executor) { [budget] in
      defer { budget.release(group.heldBytes) }
      do throws(ProblemError) { return .success(try await storage.store(group)) } catch {
        return .failure(error)
      }
    }
  }

  /// Takes the results of the group that is being stored.
  private func settle() async throws(ProblemError) {
    guard let task = storing else { return }
    storing = nil
    for result in try await task.value.get() { try results.append(result) }
  }

  /// Returns when all that is gathered is stored.
  private func flush() async throws(ProblemError) {
    try await storeGroup()
    try await settle()
  }
}
