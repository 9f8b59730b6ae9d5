import Vocabulary

/// An entry of a bundle that was looked at: its path and digest are well-formed.
package struct PulledFile: Sendable, Equatable {
  package let path: BundlePath
  package let digest: Digest
  package let entry: EntryAnswer

  package var size: Int64 { entry.size }

  /// - Throws: `ProblemError` for a path that no bundle has, `ClientError` for a digest that is none.
  package init(_ entry: EntryAnswer) throws {
    path = try BundlePath(entry.path)
    guard let digest = entry.digest, entry.size >= 0 else {
      throw ClientError.unexpected("the entry of \(quoted(entry.path)) has no digest or no size")
    }
    self.digest = digest
    self.entry = entry
  }

  func hasSameAttributes(as other: PulledFile) -> Bool {
    entry.mode == other.entry.mode && entry.mtime == other.entry.mtime
  }
}

/// What is at a path of the local folder.
package enum LocalFact: Sendable, Equatable {
  case missing
  /// The digest is nil when the size told enough.
  case file(Digest?)
  case folder
  /// A link or a special file.
  case other
  /// A folder on the way is none.
  case blocked
  case unreadable
}

/// What makes a folder hold a bundle; a pure decision from what it held, what it shall hold, and what is there.
package struct PullPlan: Sendable, Equatable {
  /// There already.
  package private(set) var kept: [PulledFile] = []
  /// Of those kept, the ones whose mode or time is another in the new bundle.
  package private(set) var touched: [PulledFile] = []
  package private(set) var written: [PulledFile] = []
  /// Files of the older bundle that are not in the new one, and nobody has changed.
  package private(set) var removed: [BundlePath] = []
  /// As `removed`, but changed here: they stay.
  package private(set) var left: [BundlePath] = []
  /// Local files that writing would lose.
  package private(set) var conflicts: [BundlePath] = []
  /// Paths that cannot be written because something else stands there or on the way; no force helps.
  package private(set) var blocked: [BundlePath] = []

  /// - Parameters:
  ///   - old: what the folder held; several of one path when pulls that did not end may have written any of them.
  ///   - new: what it shall hold.
  ///   - facts: of every path in `old` and `new`.
  ///   - files: all files that are in the folder.
  package init(
    old: [PulledFile], new: [PulledFile], facts: [BundlePath: LocalFact], files: Set<BundlePath>
  ) {
    let oldFiles = Dictionary(grouping: old, by: \.path)
    let wanted = Set(new.map(\.path))
    for (path, files) in oldFiles.sorted(by: { $0.key < $1.key }) where !wanted.contains(path) {
      switch facts[path] ?? .missing {
      case .file(let digest):
        if files.contains(where: { $0.digest == digest }) { removed.append(path) } else { left.append(path) }
      case .unreadable, .other: left.append(path)
      case .missing, .folder, .blocked: break
      }
    }
    let staying = files.subtracting(removed).sorted(by: Self.precedes)
    let gone = Set(removed)
    for file in new {
      let older = oldFiles[file.path] ?? []
      switch facts[file.path] ?? .missing {
      case .missing: written.append(file)
      case .file(let digest):
        if digest == file.digest {
          kept.append(file)
          if older.contains(where: { !$0.hasSameAttributes(as: file) }) { touched.append(file) }
        } else {
          written.append(file)
          if !older.contains(where: { $0.digest == digest }) { conflicts.append(file.path) }
        }
      case .other, .unreadable:
        written.append(file)
        conflicts.append(file.path)
      case .folder:
        // What is below is all of the older bundle's, or there is nothing.
        if Self.holds(staying, below: file.path) { blocked.append(file.path) } else { written.append(file) }
      case .blocked:
        if Self.folders(of: file.path).contains(where: gone.contains) {
          written.append(file)
        } else {
          blocked.append(file.path)
        }
      }
    }
  }

  /// Whether the folder is as it shall be.
  var isDone: Bool { written.isEmpty && removed.isEmpty && touched.isEmpty }

  /// Removals without which a file could not be written: they come first.
  package var removedBefore: [BundlePath] {
    let targets = written.map(\.path).sorted(by: Self.precedes)
    let names = Set(targets)
    return removed.filter { path in
      Self.holds(targets, below: path) || Self.folders(of: path).contains(where: names.contains)
    }
  }

  /// With `/` before everything else, what lies below a folder stands right behind its place.
  private static func key(_ path: BundlePath) -> [UInt8] {
    path.text.utf8.map { $0 == UInt8(ascii: "/") ? 0 : $0 }
  }
  private static func precedes(_ left: BundlePath, _ right: BundlePath) -> Bool {
    key(left).lexicographicallyPrecedes(key(right))
  }

  /// Whether one of the paths, sorted by `precedes`, lies below the folder.
  private static func holds(_ paths: [BundlePath], below folder: BundlePath) -> Bool {
    var (low, high) = (0, paths.count)
    while low < high {
      let middle = (low + high) / 2
      if paths[middle] == folder || precedes(paths[middle], folder) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low < paths.count && folder.contains(paths[low])
  }

  /// The folders that lead to the path.
  private static func folders(of path: BundlePath) -> [BundlePath] {
    let components = path.components
    return components.indices.dropFirst().compactMap {
      try? BundlePath(components[..<$0].joined(separator: "/"))
    }
  }
}
