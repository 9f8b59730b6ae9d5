import Platform
import Vocabulary

/// The place of a bundle's files below one local folder.
///
/// Paths come from a server, so nothing here trusts them: they are parsed as `BundlePath`s, and no folder on the way
/// may be a symbolic link that leads elsewhere. Call only on an `IOExecutor`'s threads.
struct LocalCopy: Sendable {
  /// Absolute, without a trailing slash. May itself be a symbolic link: its user named it.
  let folder: String
  let fileSystem: any FileSystem

  init(folder: String, fileSystem: any FileSystem) {
    var folder = folder
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    self.folder = folder
    self.fileSystem = fileSystem
  }

  func location(_ path: BundlePath) -> String { "\(folder)/\(path.text)" }

  /// The folder that holds the file.
  func parent(_ path: BundlePath) -> String {
    ([folder] + path.components.dropLast().map(String.init)).joined(separator: "/")
  }

  /// What is at the path now; nil when nothing is.
  ///
  /// - Throws: `LocalProblem` when something on the way is no plain folder.
  func info(_ path: BundlePath) throws -> FileInfo? {
    var current = folder
    for component in path.components.dropLast() {
      current += "/\(component)"
      guard let info = try FileInfo.of(current) else { return nil }
      guard info.kind == .folder else { throw LocalProblem("\(current) is in the way: it is no folder") }
    }
    return try FileInfo.of(location(path))
  }

  /// Makes the folders that lead to the file.
  func makeParents(_ path: BundlePath) throws {
    try fileSystem.makeFolder(folder)
    _ = try info(path)
    try fileSystem.makeFolder(parent(path))
  }

  /// The digest of the local file.
  func digest(_ path: BundlePath) throws -> Digest {
    let file = try fileSystem.open(location(path), .read)
    defer { file.close() }
    var hash = SHA256Stream()
    while true {
      let bytes = try file.readBytes(1 << 20, at: hash.byteCount)
      if bytes.isEmpty { return hash.digest() }
      hash.update(bytes)
    }
  }
}

/// Something in the local folder that stops one file.
package struct LocalProblem: Error, Sendable, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}
