/// How a file differs between two states of a folder or bundle; raw values are the words of the API.
package enum FileChange: String, Sendable, CaseIterable, Codable {
  case added, deleted, updated, renamed

  /// The letter that listings show: A, D, U or R.
  package var letter: String { String(rawValue.prefix(1)).uppercased() }
}

/// Files that are gone and files that are new, and which of them are the same content under another path; pure.
///
/// Takes paths in path order. Empty files are left out: all of them are alike.
package struct RenameMatch: Sendable {
  package static let mostFiles = 20_000
  package static let mostPathBytes = 4 << 20

  /// False once there were more files than the limits allow; then nothing is matched.
  package private(set) var isWithinLimits = true
  private var deleted: [Digest: [BundlePath]] = [:]
  private var added: [Digest: [BundlePath]] = [:]
  private var fileCount = 0
  private var pathBytes = 0

  package init() {}

  package mutating func delete(_ path: BundlePath, _ digest: Digest, size: Int64) {
    guard take(path, size) else { return }
    deleted[digest, default: []].append(path)
  }

  package mutating func add(_ path: BundlePath, _ digest: Digest, size: Int64) {
    guard take(path, size) else { return }
    added[digest, default: []].append(path)
  }

  /// Old paths by the new ones: of the files with one content, the first deleted goes to the first added.
  package func renames() -> [BundlePath: BundlePath] {
    var renames: [BundlePath: BundlePath] = [:]
    for (digest, paths) in added {
      for (new, old) in zip(paths, deleted[digest] ?? []) { renames[new] = old }
    }
    return renames
  }

  private mutating func take(_ path: BundlePath, _ size: Int64) -> Bool {
    guard isWithinLimits, size > 0 else { return false }
    fileCount += 1
    pathBytes += path.text.utf8.count
    guard fileCount <= Self.mostFiles, pathBytes <= Self.mostPathBytes else {
      isWithinLimits = false
      deleted = [:]
      added = [:]
      return false
    }
    return true
  }
}
