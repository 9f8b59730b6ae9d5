import Foundation
import Platform

/// A folder of its own for one test, removed with all it holds when the value goes.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() throws {
    path = NSTemporaryDirectory() + "sheaf-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }
  deinit {
    // What cannot be removed stays in the system's temporary folder; no test depends on it.
    try? FileManager.default.removeItem(atPath: path)
  }

  package func child(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file, with the folders above it.
  package func write(_ bytes: [UInt8], to name: String) throws {
    let url = URL(fileURLWithPath: child(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }
  package func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  package func bytes(of name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: child(name))))
  }
  package func text(of name: String) throws -> String { String(decoding: try bytes(of: name), as: UTF8.self) }
  package func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: child(name)) }

  /// Everything below the folder by its path: kind, permissions, and of a file its digest.
  ///
  /// Two listings are equal when nothing has changed between them.
  package func listing() throws -> [String: String] {
    var listing: [String: String] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
      guard let info = try FileInfo.of(child(name)) else { continue }
      let mode = String(info.mode, radix: 8)
      switch info.kind {
      case .file: listing[name] = "file \(mode) \(SHA256Stream.digest(of: try bytes(of: name)))"
      case .folder: listing[name] = "folder \(mode)"
      case .link, .other: listing[name] = "\(info.kind)"
      }
    }
    return listing
  }

  /// Paths of all files (not folders), sorted.
  package func files() throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: path).filter { name in
      try FileInfo.of(child(name))?.kind == .file
    }.sorted()
  }
}

/// The root of this repository's work tree.
package let repositoryRoot = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
