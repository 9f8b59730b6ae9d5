import Blobs
import Catalog
import Platform
import UploadProtocol
import Uploads
import Vocabulary

/// Stores files of a push, many small ones at once and large ones as they arrive.
struct BatchStorage: Sendable {
  let services: GatewayServices
  let push: PushID
  let client: String?
  let author: String?

  /// - Throws: `ProblemError` for what concerns all files.
  func store(_ group: BatchGroup) async throws(ProblemError) -> [BatchResult] {
    guard !group.files.isEmpty else { return group.results([]) }
    let outcomes = try await services.uploads.createMany(
      group.files, author: author, in: push, client: client)
    var results: [BatchResult] = []
    for (file, outcome) in zip(group.files, outcomes) {
      switch outcome {
      case .stored(let view): results.append(.stored(file.path, view))
      case .exists(let view): results.append(.exists(file.path, view))
      case .superseded(let view): results.append(.superseded(file.path, view))
      case .refused(let problem): results.append(.refused(file.path.text, problem))
      case .unfinished: results.append(try await replace(file))
      }
    }
    return group.results(results)
  }

  /// Creates a file in the place of an unfinished upload.
  private func replace(_ file: WholeFile) async throws(ProblemError) -> BatchResult {
    let header = ArchiveFile(
      path: file.path, size: Int64(file.content.count), mode: file.mode, modifiedAt: file.modifiedAt,
      digest: file.declaredDigest)
    return try await create(header, WholeBody(file.content, isFromClient: false))
  }

  /// Stores a file whose content is behind in the stream, which is then at the file's end.
  ///
  /// - Throws: `ProblemError` for what concerns all files, also when the stream ends in the middle.
  func store(_ file: ArchiveFile, from stream: ItemStream<ArchiveEvent>) async throws(ProblemError)
    -> BatchResult
  {
    // Under another policy it is decided when the file is verified.
    if try await policy() == .refuse, let known = try await known(file.path) {
      if let result = try await compare(file, with: known, stream) { return result }
      // It is not finished: the newest creation wins.
      let outcome = await services.uploads.perform(.terminate(known.id), body: nil, client: client)
      if case .refused(let problem, _) = outcome, problem.problem != .gone {
        try await stream.skip()
        return try refusal(file, problem)
      }
    }
    let body = ItemBody(stream)
    let created: Result<BatchResult, ProblemError>
    do throws(ProblemError) { created = .success(try await create(file, body)) } catch {
      created = .failure(error)
    }
    try await body.leave()
    return try created.get()
  }

  private func policy() async throws(ProblemError) -> ConflictPolicy {
    do {
      return try await services.catalog.read { [push] in try $0.push(push)?.conflictPolicy } ?? .refuse
    } catch {
      throw services.uploads.problem(for: error)
    }
  }

  private func create(_ file: ArchiveFile, _ body: any UploadBody) async throws(ProblemError) -> BatchResult {
    let metadata = UploadMetadata([
      "author": author, "push": push.text, "path": file.path.text, "sha256": file.digest?.hex,
      "mtime": file.modifiedAt.map { Self.seconds($0) }, "mode": file.mode.map { "0" + String($0, radix: 8) },
    ])
    let intent = CreateIntent(length: file.size, metadata: metadata, hasContent: true)
    switch await services.uploads.perform(.create(intent), body: body, client: client) {
    case .created(let view, _) where view.state.isFinished: return .stored(file.path, view)
    case .created(let view, _) where view.state == .cancelled: return .superseded(file.path, view)
    case .refused(let problem, _): return try refusal(file, problem)
    case .created, .discovered, .inspected, .appended, .terminated:
      return .refused(
        file.path.text, ProblemError(.notFinished, detail: "the file did not arrive as a whole"))
    }
  }

  private func refusal(_ file: ArchiveFile, _ problem: ProblemError) throws(ProblemError) -> BatchResult {
    if ItemProblem.concernsAll(problem.problem) { throw problem }
    return .refused(file.path.text, problem)
  }

  /// Seconds since 1970 with three decimals.
  private static func seconds(_ time: Timestamp) -> String {
    let magnitude = time.milliseconds.magnitude
    let fraction = String(magnitude % 1000)
    let zeros = String(repeating: "0", count: 3 - fraction.utf8.count)
    return (time.milliseconds < 0 ? "-" : "") + "\(magnitude / 1000).\(zeros)\(fraction)"
  }

  /// The upload that occupies the path; one whose hash is being worked out is waited for a while.
  private func known(_ path: BundlePath) async throws(ProblemError) -> UploadRecord? {
    do {
      return try await GatewayServices.settled {
        try await services.catalog.read { [push] in try $0.upload(ofPush: push, at: path) }
      } isSettling: {
        $0?.state == .received
      }
    } catch {
      throw services.uploads.problem(for: error)
    }
  }

  /// Compares a file with the finished upload in its place; nil when that is unfinished. Takes the content.
  private func compare(
    _ file: ArchiveFile, with known: UploadRecord, _ stream: ItemStream<ArchiveEvent>
  ) async throws(ProblemError) -> BatchResult? {
    guard known.state.isFinished else { return nil }
    var digest: Digest?
    if known.length == file.size {
      var hash = SHA256Stream()
      while let event = try await stream.next(), case .bytes(let bytes)? = event.content {
        hash.update(ItemPiece(bytes: bytes))
      }
      services.blobs.counters.add(.received, bytes: hash.byteCount)
      digest = hash.digest()
    } else {
      try await stream.skip()
    }
    guard let digest, digest == known.digest, file.digest == nil || file.digest == digest else {
      return .refused(
        file.path.text,
        ProblemError(
          .pathConflict,
          detail:
            "path \(quoted(file.path.text)) holds other content in the same push, by upload \(known.id)",
          members: ["path": .text(file.path.text), "conflictsWith": .text(file.path.text)]))
    }
    let view = UploadView(
      id: known.id, state: known.state, offset: file.size, length: file.size, metadata: known.metadata,
      expiresAt: nil, digest: digest)
    return .exists(file.path, view)
  }
}
