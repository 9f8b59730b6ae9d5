import Platform
import Vocabulary

/// Finds out before a push what of it the repo has already: whole files are claimed, of large files that have changed the
/// equal blocks are noted. Anything that does not work out is simply sent.
struct KnownFiles: Sendable {
  /// Files of one question.
  private static let pageSize = 1000
  /// Files that are hashed between two looks at whether the push was ended.
  private static let hashedAtOnce = 100
  /// Up to this size a file is hashed in one call.
  private static let promptBytes: Int64 = 16 << 20
  private static let mostAttempts = 3
  /// How long a server that answers, but cannot do what is asked of it, is asked again: sending is the other way.
  private static let patienceSeconds = 20.0

  let context: TransferContext
  let repo: RepoName
  let cache: DigestCache
  let clock: any WallClock
  let parallel: Int

  /// The items that are left to be sent.
  ///
  /// - Throws: `Unreachable`, `PushFailure.closed` or `CancellationError` when the push cannot go on.
  func run(_ items: [TransferItem]) async throws -> [TransferItem] {
    let latest: String?
    do {
      latest = try await question { try await context.api.latestBundle(of: repo) }
    } catch is ClientError {
      return items
    }
    guard let latest else { return items }
    let (candidates, others) = (items.filter { $0.step == .send }, items.filter { $0.step != .send })
    let pages = stride(from: 0, to: candidates.count, by: Self.pageSize).map {
      Array(candidates[$0..<min($0 + Self.pageSize, candidates.count)])
    }
    let left: Result<[TransferItem], any Error>
    do {
      let asked = try await inParallel(pages, limit: parallel) { page in try await ask(page) }
      left = .success(try await compare(others + asked.flatMap { $0 }, with: latest))
    } catch { left = .failure(error) }
    // Also when the push was ended: what was hashed need not be hashed again.
    await saveCache()
    return try left.get()
  }

  private func saveCache() async {
    await context.io.perform { [cache, notice = context.notice] in
      do { try cache.save() } catch { notice("digests of files could not be remembered: \(error)") }
    }
  }

  private struct Hashed: Sendable {
    var item: TransferItem
    var digest: Digest?
  }

  /// One page of files: the items that have to be sent.
  private func ask(_ items: [TransferItem]) async throws -> [TransferItem] {
    let hashed = try await hash(items)
    var left = hashed.filter { $0.digest == nil }.map(\.item)
    var rest = hashed.filter { $0.digest != nil }
    for _ in 0..<Self.mostAttempts where !rest.isEmpty {
      do {
        return left + (try await claim(rest))
      } catch let error as ClientError where error.has(.challengeExpired) {
        // The server was started again, or the proofs took too long.
        continue
      } catch let error as ClientError where error.has(.pushClosed) {
        throw PushFailure.closed("the push takes no more files: \(error)")
      } catch is ClientError {
        // An older server; or whatever is wrong shows when the files are sent.
        break
      }
    }
    left += rest.map(\.item)
    rest = []
    return left
  }

  private func hash(_ items: [TransferItem]) async throws -> [Hashed] {
    var hashed: [Hashed] = []
    for start in stride(from: 0, to: items.count, by: Self.hashedAtOnce) {
      try Task.checkCancellation()
      let part = Array(items[start..<min(start + Self.hashedAtOnce, items.count)])
      hashed += await context.io.perform { [self] in
        part.map { item in
          Hashed(
            item: item,
            digest: item.file.size <= Self.promptBytes ? try? promptDigest(item.file) : nil)
        }
      }
    }
    for index in hashed.indices where hashed[index].item.file.size > Self.promptBytes {
      hashed[index].digest = try await patientDigest(hashed[index].item.file)
    }
    return hashed
  }

  private func promptDigest(_ file: SourceFile) throws -> Digest {
    if let digest = cache.digest(of: file.info) { return digest }
    let start = clock.now()
    let digest = try FileReading.digest(file, fileSystem: context.fileSystem)
    cache.remember(digest, of: file.info, hashedAt: start)
    return digest
  }

  private func patientDigest(_ file: SourceFile) async throws -> Digest? {
    if let digest = cache.digest(of: file.info) { return digest }
    let start = clock.now()
    do {
      let reading = try await FileReading.open(file, io: context.io, fileSystem: context.fileSystem)
      let digest = try await reading.hash(upTo: file.size).digest()
      try await reading.checkUnchanged()
      cache.remember(digest, of: file.info, hashedAt: start)
      return digest
    } catch is SourceError {
      return nil
    }
  }

  /// Claims what the repo has of these files; the items that it has not.
  private func claim(_ files: [Hashed]) async throws -> [TransferItem] {
    let asked = files.compactMap { file in
      file.digest.map {
        LookedUpFile(path: file.item.file.path.text, size: file.item.file.size, sha256: $0.hex)
      }
    }
    let answer = try await question {
      try await context.api.lookUp(asked, for: context.push)
    }
    let known = Set(answer.items.filter(\.known).compactMap { try? BundlePath($0.path) })
    let (proofs, unproven) = await prove(
      files.filter { known.contains($0.item.file.path) }, answer.challenge)
    let unknown = files.filter { !known.contains($0.item.file.path) }.map(\.item)
    guard !proofs.isEmpty else { return unknown + unproven }
    let claimed = try await question {
      try await context.api.claim(
        proofs.map(\.proof), challenge: answer.challenge, author: context.author, for: context.push)
    }
    return unknown + unproven + take(claimed, proofs.map(\.item))
  }

  /// Asks again while there is no answer, and for a while when there is none that helps.
  ///
  /// - Throws: `ClientError` when the files should rather be sent; `Unreachable`, `CancellationError`.
  private func question<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
    var since: Double?
    return try await context.retrier.run(
      unless: { error in
        if Self.isFinal(error) { return true }
        guard error.status != nil else { return false }
        let now = context.retrier.pacer.now()
        since = since ?? now
        return now + (error.retryAfterSeconds ?? 0) - (since ?? now) >= Self.patienceSeconds
      }, body)
  }

  /// What repeating the same request does not change, whatever the answer says of that.
  private static func isFinal(_ error: ClientError) -> Bool {
    error.has(.challengeExpired) || error.status == 501
  }

  private func prove(
    _ files: [Hashed], _ challenge: String
  ) async -> (proofs: [(item: TransferItem, proof: ProvenFile)], unproven: [TransferItem]) {
    await context.io.perform { [fileSystem = context.fileSystem] in
      var proofs: [(item: TransferItem, proof: ProvenFile)] = []
      var unproven: [TransferItem] = []
      for hashed in files {
        let file = hashed.item.file
        guard let digest = hashed.digest,
          let proof = try? FileReading.proof(
            file, digest: digest, challenge: challenge, fileSystem: fileSystem)
        else {
          unproven.append(hashed.item)
          continue
        }
        proofs.append(
          (
            hashed.item,
            ProvenFile(
              path: file.path.text, size: file.size, sha256: digest.hex,
              mtime: MetadataField.modified(file),
              mode: MetadataField.octal(file.mode), proof: proof.hex)
          ))
      }
      return (proofs, unproven)
    }
  }

  /// Counts what was claimed; the items that were refused.
  private func take(_ answer: BatchAnswer, _ items: [TransferItem]) -> [TransferItem] {
    var answers: [BundlePath: BatchAnswer.Item] = [:]
    for item in answer.items {
      if let path = try? BundlePath(item.path) { answers[path] = item }
    }
    return items.filter { item in
      guard let answer = answers[item.file.path], answer.status != "refused", let id = answer.uploadID
      else { return true }
      if answer.status == "superseded" { context.tellSuperseded(item.file) }
      context.board.update {
        $0.filesDone += 1
        $0.filesSkipped += 1
        $0.bytesSkipped += item.file.size
        $0.bytesAcked += item.file.size
      }
      context.journal.note(
        JournalRecord.File(item.file, uploadURL: context.api.address(of: id), state: .done))
      return false
    }
  }

  /// Notes of large files which blocks the latest bundle has at the same path and place.
  private func compare(_ items: [TransferItem], with bundle: String) async throws -> [TransferItem] {
    let large = items.filter(Self.isComparable)
    let small = items.filter { !Self.isComparable($0) }
    let compared = try await inParallel(large, limit: min(parallel, 2)) { item in
      var item = item
      item.delta = try await delta(of: item.file, in: bundle)
      return item
    }
    return small + compared
  }

  private static func isComparable(_ item: TransferItem) -> Bool {
    guard item.file.size >= BlockDelta.smallestFile else { return false }
    switch item.step {
    case .send, .resume: return true
    case .replace, .done: return false
    }
  }

  private func delta(of file: SourceFile, in bundle: String) async throws -> BlockDelta? {
    do {
      let remote = try await question {
        try await context.api.blocks(of: file.path, in: bundle, of: repo)
      }
      guard let remote, remote.blockBytes >= 1 << 16 else { return nil }
      guard let digest = try await patientDigest(file) else { return nil }
      let reading = try await FileReading.open(file, io: context.io, fileSystem: context.fileSystem)
      return BlockDelta(
        bundle: bundle, path: file.path, digest: digest, size: file.size,
        local: try await reading.blocks(of: remote.blockBytes), remote: remote)
    } catch is ClientError {
      return nil
    } catch is SourceError {
      return nil
    }
  }
}
