import Platform
import Vocabulary

/// What was found at a path of the local folder.
struct SeenFile: Sendable {
  var fact: LocalFact
  /// As it was before it was read; nil when nothing was there, or it could not be looked at.
  var info: FileInfo?
}

/// Looks at a local folder for a pull.
struct FolderFacts: Sendable {
  let copy: LocalCopy
  let io: any IOExecutor
  let parallel: Int

  /// What is at each of the paths; a file is read only when one of the sizes given for it is its own.
  func look(at sizes: [BundlePath: Set<Int64>]) async throws -> [BundlePath: SeenFile] {
    let found = try await inParallel(Array(sizes), limit: parallel) { path, sizes in
      try Task.checkCancellation()
      return Optional((path, await io.perform { [copy] in Self.see(path, sizes, in: copy) }))
    }
    return Dictionary(found) { first, _ in first }
  }

  private static func see(_ path: BundlePath, _ sizes: Set<Int64>, in copy: LocalCopy) -> SeenFile {
    do {
      guard let info = try copy.info(path) else { return SeenFile(fact: .missing) }
      switch info.kind {
      case .file:
        return SeenFile(fact: .file(sizes.contains(info.size) ? try copy.digest(path) : nil), info: info)
      case .folder: return SeenFile(fact: .folder, info: info)
      case .link, .other: return SeenFile(fact: .other, info: info)
      }
    } catch is LocalProblem {
      return SeenFile(fact: .blocked)
    } catch {
      return SeenFile(fact: .unreadable)
    }
  }
}
