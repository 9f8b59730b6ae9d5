import Platform
import Vocabulary

/// What changes from a bundle to a local folder.
package struct FolderDiff: Sendable {
  package struct Outcome: Sendable, Equatable {
    package var changes: [ChangeAnswer] = []
    package var counts = ChangeCounts()
    /// False when there were too many files to look for renamed ones.
    package var areRenamesMatched = true
  }

  private let copy: LocalCopy
  private let io: any IOExecutor
  private let parallel: Int

  /// - Parameter folder: absolute.
  package init(
    folder: String, io: any IOExecutor, parallel: Int = 4, fileSystem: any FileSystem = LinuxFileSystem()
  ) {
    copy = LocalCopy(folder: folder, fileSystem: fileSystem)
    self.io = io
    self.parallel = parallel
  }

  /// Compares by SHA-256; only files whose size leaves it open are read.
  ///
  /// - Parameters:
  ///   - entries: the bundle's.
  ///   - files: what a `FolderScan` of the folder's contents found.
  /// - Throws: `FileError` for a file that cannot be read, `CancellationError`.
  package func run(_ entries: [EntryAnswer], _ files: [SourceFile]) async throws -> Outcome {
    var old: [BundlePath: EntryAnswer] = [:]
    for entry in entries { old[try BundlePath(entry.path)] = entry }
    // A push would not send another folder's notes, but a bundle may have come by something of that name elsewise.
    let files = files.filter { old[$0.path] != nil || !$0.path.components.contains { $0 == PullFolder.name } }
    let local = Set(files.map(\.path))
    let goneSizes = Set(old.filter { !local.contains($0.key) }.map(\.value.size))
    let digests = try await digests(
      of: files.filter { file in old[file.path].map { $0.size == file.size } ?? goneSizes.contains(file.size)
      })
    var outcome = Outcome()
    var match = RenameMatch()
    for (path, entry) in old.sorted(by: { $0.key < $1.key }) where !local.contains(path) {
      outcome.changes.append(
        ChangeAnswer(change: .deleted, path: entry.path, oldSize: entry.size, oldSha256: entry.sha256))
      if let digest = entry.digest { match.delete(path, digest, size: entry.size) }
    }
    for file in files {
      let digest = digests[file.path]
      guard let entry = old[file.path] else {
        outcome.changes.append(
          ChangeAnswer(change: .added, path: file.path.text, size: file.size, sha256: digest?.hex))
        if let digest { match.add(file.path, digest, size: file.size) }
        continue
      }
      guard digest == nil || digest != entry.digest else {
        outcome.counts.unchanged += 1
        continue
      }
      outcome.changes.append(
        ChangeAnswer(
          change: .updated, path: file.path.text, size: file.size, sha256: digest?.hex, oldSize: entry.size,
          oldSha256: entry.sha256))
    }
    outcome.join(match, old)
    return outcome
  }

  private func digests(of files: [SourceFile]) async throws -> [BundlePath: Digest] {
    let found = try await inParallel(files, limit: parallel) { file in
      try Task.checkCancellation()
      return Optional((file.path, try await io.run { [copy] in try copy.digest(file.path) }))
    }
    return Dictionary(found) { first, _ in first }
  }
}

extension FolderDiff.Outcome {
  /// Makes one renamed file of an added and a deleted one, sorts, and counts.
  fileprivate mutating func join(_ match: RenameMatch, _ old: [BundlePath: EntryAnswer]) {
    areRenamesMatched = match.isWithinLimits
    let renames = match.renames()
    let origins = Set(renames.values)
    changes = changes.compactMap { change in
      guard let path = try? BundlePath(change.path) else { return change }
      if change.change == .deleted, origins.contains(path) { return nil }
      guard change.change == .added, let origin = renames[path] else { return change }
      var change = change
      change.change = .renamed
      change.from = origin.text
      change.oldSize = old[origin]?.size
      change.oldSha256 = old[origin]?.sha256
      return change
    }.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    for change in changes {
      switch change.change {
      case .added: counts.added += 1
      case .deleted: counts.deleted += 1
      case .updated: counts.updated += 1
      case .renamed: counts.renamed += 1
      }
    }
  }
}
