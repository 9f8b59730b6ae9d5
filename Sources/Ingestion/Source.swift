import Platform
import Vocabulary

/// A folder of this machine that is offered under a name.
package struct Source: Sendable {
  /// Characters of a repo's name.
  package let name: String
  /// Opens the folder anew, so that one that went away and came back is found; call on an executor.
  private let openTree: @Sendable () throws(FileError) -> any SourceTree

  package init(name: String, openTree: @escaping @Sendable () throws(FileError) -> any SourceTree) {
    self.name = name
    self.openTree = openTree
  }

  /// A source at an absolute path without symbolic links.
  package init(name: String, path: String) {
    self.init(name: name) { () throws(FileError) in try ConfinedFolder(path) }
  }

  /// - Throws: `ProblemError` with `source-unavailable`.
  package func tree() throws(ProblemError) -> any SourceTree {
    do throws(FileError) { return try openTree() } catch { throw unavailable }
  }

  var unavailable: ProblemError {
    ProblemError(
      .sourceUnavailable, detail: "the folder of source \(quoted(name)) is not there or cannot be opened")
  }

  /// The tree, once it is seen to have this folder.
  ///
  /// - Throws: `ProblemError`: `source-unavailable`, `not-found`, or `source-unreadable` for what is no folder.
  package func requireFolder(_ path: BundlePath?) throws(ProblemError) -> any SourceTree {
    let tree = try tree()
    guard let path else { return tree }
    do throws(FileError) {
      guard let info = try tree.info(path.text) else {
        throw FileError(kind: .notFound, call: "open", path: path.text, code: 0, explanation: "")
      }
      if info.kind == .folder { return tree }
    } catch {
      throw SourceProblem.of(error, path.text, tree, self, missing: .notFound)
    }
    throw ProblemError(
      .sourceUnreadable, detail: "\(quoted(path.text)) in source \(quoted(name)) is not a folder",
      members: ["path": .text(path.text)])
  }
}

/// All sources of a gateway, in the order they were named.
package struct SourceList: Sendable {
  package let sources: [Source]
  package init(_ sources: [Source] = []) { self.sources = sources }

  package var isEmpty: Bool { sources.isEmpty }
  package subscript(name: String) -> Source? { sources.first { $0.name == name } }

  /// - Throws: `ProblemError` with `not-found`.
  package func require(_ name: String) throws(ProblemError) -> Source {
    guard let source = self[name] else {
      throw ProblemError(.notFound, detail: "there is no source \(quoted(name))")
    }
    return source
  }
}

/// Failed calls on a source as the problems that people are told of; none names a path outside of it.
enum SourceProblem {
  /// - Parameter missing: what a path with nothing there is.
  static func of(
    _ error: FileError, _ path: String, _ tree: any SourceTree, _ source: Source,
    missing: Problem = .sourceChanged
  ) -> ProblemError {
    guard tree.isInPlace else { return source.unavailable }
    let members: [String: ProblemMember] = ["path": .text(path)]
    let shown = path.isEmpty ? "the folder" : quoted(path)
    switch error.kind {
    case .notFound:
      let verb = missing == .sourceChanged ? "went away while it was to be taken in" : "is not there"
      return ProblemError(
        missing, detail: "\(shown) in source \(quoted(source.name)) \(verb)", members: members)
    case .denied:
      return ProblemError(
        .sourceUnreadable, detail: "\(shown) in source \(quoted(source.name)) may not be read by the server",
        members: members)
    case .exists, .full, .other:
      return ProblemError(
        .sourceUnreadable,
        detail: "\(shown) in source \(quoted(source.name)) cannot be read: \(error.explanation)",
        members: members)
    }
  }
}
