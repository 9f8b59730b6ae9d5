import Foundation
import TestSupport

/// The files of this repository, as text.
enum Repository {
  struct File: Sendable {
    /// Relative to the root.
    let path: String
    let text: String
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var name: String { String(path.split(separator: "/").last ?? "") }
  }

  /// Paths of the files below a folder, sorted.
  static func paths(below folder: String) throws -> [String] {
    let root = "\(repositoryRoot)/\(folder)"
    guard FileManager.default.fileExists(atPath: root) else { return [] }
    return try FileManager.default.subpathsOfDirectory(atPath: root).filter { path in
      !path.contains("node_modules/") && !path.hasPrefix(".")
    }.map { "\(folder)/\($0)" }.filter { path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: "\(repositoryRoot)/\(path)", isDirectory: &isFolder)
        && !isFolder.boolValue
    }.sorted()
  }

  static func files(below folders: String..., ending: String...) throws -> [File] {
    try folders.flatMap { try paths(below: $0) }.filter { path in ending.contains { path.hasSuffix($0) } }
      .map(file)
  }

  static func file(_ path: String) throws -> File {
    let url = URL(fileURLWithPath: "\(repositoryRoot)/\(path)")
    return File(path: path, text: try String(contentsOf: url, encoding: .utf8))
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(repositoryRoot)/\(path)")
  }
}
