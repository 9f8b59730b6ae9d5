import Platform

/// A folder and what is below it, looked at with blocking calls; nothing outside of it can be reached.
package protocol SourceTree: Sendable {
  /// False once the folder is not at its place any more.
  var isInPlace: Bool { get }
  /// What is at the path, nil when there is nothing; a symbolic link is told as one.
  func info(_ path: String) throws(FileError) -> FileInfo?
  /// Opens a regular file; anything else is refused.
  func open(_ path: String) throws(FileError) -> any StampedFile
  func folder(_ path: String) throws(FileError) -> FolderStream
}

extension ConfinedFolder: SourceTree {}
