import CLinux
import Glibc

/// A file system as a whole.
package enum WholeFileSystem {
  /// Makes everything durable that any process has written to the file system of `folder`: for very many small files
  /// this is one wait and not one for each.
  ///
  /// - Throws: `FileError`, also for a write of before that failed (Linux 5.8 and later).
  package static func sync(_ folder: String) throws(FileError) {
    let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .last("open", folder) }
    defer { Glibc.close(descriptor) }
    if linux_syncfs(descriptor) != 0 { throw .last("syncfs", folder) }
  }
}
