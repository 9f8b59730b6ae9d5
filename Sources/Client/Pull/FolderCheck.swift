import Platform
import Vocabulary

/// Compares a local folder with a bundle's entries.
package struct FolderCheck: Sendable {
  package enum Finding: String, Sendable, Encodable, Equatable {
    /// The bundle has it, the folder does not.
    case missing
    case different
    /// A folder, link or special file has the name.
    case notAFile = "not-a-file"
    case unreadable
  }
  package struct Item: Sendable, Encodable, Equatable {
    package var path: String
    package var reason: Finding
    package init(path: String, reason: Finding) {
      self.path = path
      self.reason = reason
    }
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

  /// What differs, by path; files that only the folder has are of no interest.
  package func run(_ entries: [EntryAnswer]) async throws -> [Item] {
    try await inParallel(entries, limit: parallel) { entry in
      try await check(entry).map { Item(path: entry.path, reason: $0) }
    }.sorted { $0.path < $1.path }
  }

  func check(_ entry: EntryAnswer) async throws -> Finding? {
    try Task.checkCancellation()
    return await io.perform { [copy] in
      do {
        let path = try BundlePath(entry.path)
        guard let info = try copy.info(path) else { return .missing }
        guard info.kind == .file else { return .notAFile }
        guard info.size == entry.size, try copy.digest(path) == entry.digest else { return .different }
        return nil
      } catch is LocalProblem {
        return .missing
      } catch {
        return .unreadable
      }
    }
  }
}
