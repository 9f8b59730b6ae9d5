import Platform
import Vocabulary

/// Looks again at a local file right before it is replaced, removed or touched: a pull takes its time, and what somebody
/// made of the file meanwhile is not lost. Call only on an `IOExecutor`'s threads.
struct SecondLook: Sendable {
  let copy: LocalCopy
  /// What the plan was made of.
  let seen: [BundlePath: SeenFile]

  /// What a file's path has now.
  enum Finding: Sendable, Equatable {
    case nothing
    /// The file that was looked at, with the content it had.
    case same
    /// Something that the plan knows nothing of.
    case other
    case folder
  }

  /// - Throws: `LocalProblem` when something on the way is no folder, `FileError`.
  func look(at path: BundlePath) throws -> Finding {
    guard let now = try copy.info(path) else { return .nothing }
    if now.kind == .folder { return .folder }
    guard let before = seen[path], case .file(let digest) = before.fact, now.kind == .file else {
      return .other
    }
    if now == before.info { return .same }
    // Its times change also when another name of it goes, or when only its mode was changed.
    guard let digest, now.size == before.info?.size else { return .other }
    return try copy.digest(path) == digest ? .same : .other
  }
}
