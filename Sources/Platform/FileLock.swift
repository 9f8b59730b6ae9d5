import Glibc

/// An exclusive `flock` on a file, held as long as this value lives; the kernel drops it when the process ends.
package final class FileLock: Sendable {
  private let descriptor: Int32
  private let isHeld: Bool

  /// nil when another process holds it.
  package init?(path: String) throws(FileError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw .last("open", path) }
    // A failed initializer still runs `deinit`, which closes the descriptor.
    isHeld = flock(descriptor, LOCK_EX | LOCK_NB) == 0
    if !isHeld {
      if errno == EWOULDBLOCK { return nil }
      throw .last("flock", path)
    }
  }
  deinit {
    // A child process that has not yet become another program shares the lock: closing alone would not end it.
    if isHeld { flock(descriptor, LOCK_UN) }
    if descriptor >= 0 { close(descriptor) }
  }
}
