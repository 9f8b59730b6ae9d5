import Platform
import Vocabulary

/// Looks at a local folder for a pull.
struct FolderFacts: Sendable {
  let copy: LocalCopy
  let io: any IOExecutor
  let parallel: Int

  /// What is at each of the paths; a file is read only when one of the sizes given for it is its own.
  func look(at sizes: [BundlePath: Set<Int64>]) async throws -> [BundlePath: LocalFact] {
    let found = try await inParallel(Array(sizes), limit: parallel) { path, sizes in
      try Task.checkCancellation()
      return Optional((path, await io.perform { [copy] in Self.fact(of: path, sizes, in: copy) }))
    }
    return Dictionary(found) { first, _ in first }
  }

  private static func fact(of path: BundlePath, _ sizes: Set<Int64>, in copy: LocalCopy) -> LocalFact {
    do {
      guard let info = try copy.info(path) else { return .missing }
      switch info.kind {
      case .file: return .file(sizes.contains(info.size) ? try copy.digest(path) : nil)
      case .folder: return .folder
      case .link, .other: return .other
      }
    } catch is LocalProblem {
      return .blocked
    } catch {
      return .unreadable
    }
  }
}
