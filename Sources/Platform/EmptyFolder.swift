import Glibc

/// Removes folders that hold nothing.
package enum EmptyFolder {
  /// False when something is in it, or it is no folder; true when it is gone. Never follows a final symbolic link.
  package static func remove(_ path: String) throws(FileError) -> Bool {
    if rmdir(path) == 0 || errno == ENOENT { return true }
    if errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR { return false }
    throw .last("rmdir", path)
  }
}
