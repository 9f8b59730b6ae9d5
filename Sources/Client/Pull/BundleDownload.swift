import Platform
import Vocabulary

/// Writes a bundle's files below a local folder: each to a temporary name, checked, then renamed.
package struct BundleDownload: Sendable {
  private let api: GatewayAPI
  private let bundle: BundleAddress
  private let copy: LocalCopy
  private let force: Bool
  private let retrier: Retrier
  private let board: ProgressBoard
  private let io: any IOExecutor
  private let entropy: any Entropy
  private let parallel: Int

  package struct Outcome: Sendable, Equatable {
    package var written = 0
    /// Equal files that were there already and stay untouched.
    package var skipped = 0
    package var failed: [PushFailure.File] = []
  }

  /// Local files that differ from the bundle's and would be lost.
  package struct Conflicts: Error, Sendable, CustomStringConvertible {
    package let paths: [String]
    package var description: String {
      let shown = paths.prefix(20).map { quoted($0) }.joined(separator: ", ")
      let rest = paths.count > 20 ? " and \(paths.count - 20) more" : ""
      return
        "nothing was written, because these differ from the bundle: \(shown)\(rest); --force replaces them"
    }
  }

  /// - Parameters:
  ///   - bundle: by its id, so that a label that moves in between changes nothing.
  ///   - folder: absolute; made when it is not there.
  package init(
    api: GatewayAPI, bundle: BundleAddress, folder: String, force: Bool, retrier: Retrier,
    board: ProgressBoard,
    io: any IOExecutor, parallel: Int = 4, fileSystem: any FileSystem = LinuxFileSystem(),
    entropy: any Entropy = SystemEntropy()
  ) {
    self.api = api
    self.bundle = bundle
    copy = LocalCopy(folder: folder, fileSystem: fileSystem)
    self.force = force
    self.retrier = retrier
    self.board = board
    self.io = io
    self.entropy = entropy
    self.parallel = parallel
  }

  /// - Throws: `Conflicts` before anything is written; `Unreachable`, or `CancellationError`.
  package func run(_ entries: [EntryAnswer]) async throws -> Outcome {
    board.update {
      $0.filesTotal = entries.count
      $0.bytesTotal = entries.reduce(0) { $0 + $1.size }
    }
    let check = FolderCheck(folder: copy.folder, io: io, parallel: parallel, fileSystem: copy.fileSystem)
    let found = try await inParallel(entries, limit: parallel) { entry in
      Optional((entry: entry, finding: try await check.check(entry)))
    }
    let conflicts = found.filter { $0.finding != nil && $0.finding != .missing }
    guard force || conflicts.isEmpty else { throw Conflicts(paths: conflicts.map(\.entry.path).sorted()) }
    var outcome = Outcome()
    for (entry, finding) in found where finding == nil {
      outcome.skipped += 1
      board.update {
        $0.filesDone += 1
        $0.bytesAcked += entry.size
        $0.bytesResumed += entry.size
      }
    }
    let wanted = found.compactMap { $0.finding == nil ? nil : $0.entry }.sorted { $0.path < $1.path }
    outcome.failed = try await inParallel(wanted, limit: parallel) { entry in
      do {
        try await fetch(entry)
        return nil
      } catch let error where error is CancellationError || error is Unreachable {
        throw error
      } catch let error as ProblemError {
        return PushFailure.File(path: entry.path, reason: error.detail)
      } catch {
        return PushFailure.File(path: entry.path, reason: String(describing: error))
      }
    }.sorted { $0.path < $1.path }
    outcome.written = wanted.count - outcome.failed.count
    return outcome
  }

  private func fetch(_ entry: EntryAnswer) async throws {
    let path = try BundlePath(entry.path)
    let temporary = "\(copy.parent(path))/.sheaf-\(Hexadecimal.encode(entropy.bytes(8))).part"
    let file = try await io.run { [copy] in
      try copy.makeParents(path)
      return try copy.fileSystem.open(temporary, .create)
    }
    do {
      let received = try await EntryReceiver(api: api, bundle: bundle, retrier: retrier).receive(
        path, size: entry.size
      ) { part, place in
        try await io.run { try file.write([part], at: place) }
        board.update { $0.bytesAcked += Int64(part.count) }
      }
      let digest = received.digest
      guard digest == entry.digest else {
        throw LocalProblem("what arrived has sha256 \(digest), the bundle says \(entry.sha256)")
      }
      try await io.run { [copy] in
        try file.sync()
        file.close()
        let time = entry.mtime.flatMap(CivilTime.rfc3339)?.milliseconds
        try FileAttributes.restore(
          temporary, mode: entry.permissions ?? 0o644,
          modifiedNanoseconds: time.flatMap { $0.multipliedReportingOverflow(by: 1_000_000) }
            .flatMap { $0.overflow ? nil : $0.partialValue })
        // Looked at again: a folder on the way may have become a link while the bytes came.
        _ = try copy.info(path)
        try copy.fileSystem.rename(temporary, to: copy.location(path))
      }
      board.update { $0.filesDone += 1 }
    } catch {
      file.close()
      // The file's own error is the one to report; a leftover has a name that tells what it is.
      await io.perform { [copy] in do { try copy.fileSystem.remove(temporary) } catch {} }
      throw error
    }
  }
}
