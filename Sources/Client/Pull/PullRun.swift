import Platform
import Vocabulary

/// Carries out a pull's plan: copies first, then what is fetched, then removals.
struct PullRun: Sendable {
  let pull: BundlePull
  let plan: PullPlan
  /// Local files by the contents they have.
  let contents: [Digest: BundlePath]
  let look: SecondLook

  /// The files that want one content.
  struct Group: Sendable {
    var part: FilePart
    var files: [PulledFile]
    var isCopied = false
  }
  /// What became of a group.
  struct Result: Sendable {
    var group: Group
    var filled = FilePart.Filled()
    var written = 0
    var failed: [PushFailure.File] = []
  }

  func run() async throws -> BundlePull.Outcome {
    var outcome = BundlePull.Outcome()
    outcome.kept = plan.kept.count
    outcome.left = plan.left.map(\.text).sorted()
    for file in plan.kept { progress(file.size, isResumed: true) }
    pull.board.update { $0.filesDone += plan.kept.count }
    var groups = self.groups()
    let wanted = Set(groups.map(\.part.digest))
    let begun = try await pull.io.run { [notes = pull.notes] in try notes.removeParts(except: wanted) }
    groups = try await copied(groups)
    let early = try await remove(plan.removedBefore)
    let results = try await inParallel(
      PullBatch.batches(of: groups, begun: begun), limit: pull.request.parallel
    ) { batch in
      if batch.count == 1 { return [try await carryOut(batch[0])] }
      return try await carryOut(batch)
    }
    for result in results.joined() {
      outcome.written += result.written
      if result.group.isCopied { outcome.copied += result.written }
      outcome.failed += result.failed
      outcome.bytesFetched += result.filled.fetched
      outcome.bytesResumed += result.filled.resumed
    }
    outcome.failed.sort { $0.path < $1.path }
    guard outcome.failed.isEmpty else { return outcome }
    let before = Set(plan.removedBefore)
    let late = try await remove(plan.removed.filter { !before.contains($0) })
    outcome.removed = early.removed + late.removed
    outcome.left = (plan.left + early.left + late.left).map(\.text).sorted()
    try await touch()
    // The record that is written next must not know more than the disk.
    try await pull.io.run { [copy = pull.copy] in try WholeFileSystem.sync(copy.folder) }
    return outcome
  }

  /// By content, in path order of their first files.
  private func groups() -> [Group] {
    var places: [Digest: Int] = [:]
    var groups: [Group] = []
    for file in plan.written.sorted(by: { $0.path < $1.path }) {
      if let place = places[file.digest] {
        groups[place].files.append(file)
      } else {
        places[file.digest] = groups.count
        groups.append(
          Group(
            part: FilePart(digest: file.digest, size: file.size, notes: pull.notes, io: pull.io),
            files: [file]))
      }
    }
    return groups
  }

  /// Takes what the folder has already, before any of it is replaced or removed.
  private func copied(_ groups: [Group]) async throws -> [Group] {
    try await inParallel(groups, limit: pull.request.parallel) { group in
      try Task.checkCancellation()
      guard let local = contents[group.part.digest], group.part.size > 0 else { return group }
      var group = group
      group.isCopied = try await group.part.copy(from: local, in: pull.copy)
      return group
    }
  }

  func carryOut(_ group: Group) async throws -> Result {
    var result = Result(group: group)
    do {
      if group.isCopied {
        progress(group.part.size, isResumed: true)
      } else {
        let receiver = EntryReceiver(api: pull.api, bundle: try address(), retrier: pull.retrier)
        let older = try await older(than: group)
        defer { older?.file.close() }
        result.filled = try await group.part.fetch(group.files[0].path, with: receiver, older: older) {
          [board = pull.board] count in
          board.update { $0.bytesAcked += count }
        }
      }
    } catch {
      result.failed = try group.files.map { try failure(of: $0, error) }
      return result
    }
    try Task.checkCancellation()
    let filled = result
    return try await pull.io.run { try place(filled) }
  }

  /// Gives the content its names; call on the executor.
  func place(_ filled: Result) throws -> Result {
    var result = filled
    let group = result.group
    for (index, file) in group.files.enumerated() {
      do {
        try group.part.place(
          file, in: pull.copy, unlessChangedSince: pull.request.force ? nil : look,
          isLast: index == group.files.count - 1)
        result.written += 1
        if index > 0 { progress(file.size, isResumed: true) }
        pull.board.update { $0.filesDone += 1 }
      } catch {
        result.failed.append(try failure(of: file, error))
      }
    }
    return result
  }

  /// The file that a large content will replace, when blocks of it can be compared; nil when all has to be fetched.
  private func older(than group: Group) async throws -> OlderVersion? {
    guard group.part.size >= BlockDelta.smallestFile else { return nil }
    let local = try await pull.io.run { [copy = pull.copy] in
      try group.files.lazy.map(\.path).first { try copy.info($0)?.kind == .file }
    }
    guard let local else { return nil }
    let (path, address) = (group.files[0].path, try address())
    let answer: BlocksAnswer?
    do {
      answer = try await pull.retrier.run {
        try await pull.api.blocks(of: path, in: address.reference, of: address.repo)
      }
    } catch is ClientError {
      // Fetching the file tells what is wrong with it.
      return nil
    }
    guard let blocks = answer else { return nil }
    return try await pull.io.run { [copy = pull.copy] in
      OlderVersion(
        file: try copy.fileSystem.open(copy.location(local), .read), blocks: blocks, size: group.part.size)
    }
  }

  /// The bundle by its id.
  func address() throws -> BundleAddress {
    BundleAddress(repo: try RepoName(pull.request.bundle.repo), reference: pull.request.bundle.id)
  }

  /// - Throws: what ends the pull as a whole.
  func failure(of file: PulledFile, _ error: any Error) throws -> PushFailure.File {
    switch error {
    case is CancellationError, is Unreachable: throw error
    case let error as ProblemError: PushFailure.File(path: file.path.text, reason: error.detail)
    default: PushFailure.File(path: file.path.text, reason: String(describing: error))
    }
  }

  /// Removes files that are as they were, and the folders that get empty with them.
  ///
  /// - Returns: how many went, and which were changed meanwhile and stay.
  private func remove(_ paths: [BundlePath]) async throws -> (removed: Int, left: [BundlePath]) {
    try await pull.io.run { [copy = pull.copy] in
      var removed = 0
      var left: [BundlePath] = []
      for path in paths {
        switch try look.look(at: path) {
        case .nothing, .folder: continue
        case .other:
          left.append(path)
          continue
        case .same: removed += 1
        }
        try copy.fileSystem.remove(copy.location(path))
        var folders = path.components.dropLast()
        while !folders.isEmpty, try EmptyFolder.remove("\(copy.folder)/\(folders.joined(separator: "/"))") {
          folders.removeLast()
        }
      }
      return (removed, left)
    }
  }

  /// Gives kept files the mode and the time of the new bundle.
  private func touch() async throws {
    try await pull.io.run { [copy = pull.copy, touched = plan.touched] in
      for file in touched where try look.look(at: file.path) == .same {
        try FileAttributes.restore(
          copy.location(file.path), mode: file.entry.permissions ?? 0o644,
          modifiedNanoseconds: file.entry.modifiedNanoseconds)
      }
    }
  }

  func progress(_ bytes: Int64, isResumed: Bool) {
    pull.board.update {
      $0.bytesAcked += bytes
      if isResumed { $0.bytesResumed += bytes }
    }
  }
}
