import CLinux
import Glibc

/// The file system of the machine.
package struct LinuxFileSystem: FileSystem {
  package init() {}

  package func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile {
    let flags =
      switch mode {
      case .read: O_RDONLY
      case .readWrite: O_RDWR
      case .create: O_RDWR | O_CREAT | O_EXCL
      }
    let descriptor = retryInterrupted { Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o644) }
    guard descriptor >= 0 else { throw .last("open", path) }
    return LinuxFile(descriptor: descriptor, path: path)
  }

  package func size(_ path: String) throws(FileError) -> Int64? {
    var status = stat()
    if lstat(path, &status) == 0 { return Int64(status.st_size) }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw .last("lstat", path)
  }

  package func list(_ folder: String) throws(FileError) -> [String] {
    guard let handle = opendir(folder) else { throw .last("opendir", folder) }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  package func makeFolder(_ path: String) throws(FileError) {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex
    else {
      throw .last("mkdir", path)
    }
    try makeFolder(String(path[..<slash]))
    if mkdir(path, 0o755) != 0 && errno != EEXIST { throw .last("mkdir", path) }
  }

  package func rename(_ old: String, to new: String) throws(FileError) {
    if Glibc.rename(old, new) != 0 { throw .last("rename", new) }
  }

  package func link(_ old: String, to new: String) throws(FileError) {
    if Glibc.link(old, new) != 0 { throw .last("link", new) }
  }

  package func remove(_ path: String) throws(FileError) {
    if unlink(path) != 0 && errno != ENOENT { throw .last("unlink", path) }
  }

  package func syncFolder(_ path: String) throws(FileError) {
    let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .last("open", path) }
    defer { Glibc.close(descriptor) }
    if fsync(descriptor) != 0 { throw .last("fsync", path) }
  }

  package func space(_ path: String) throws(FileError) -> (free: Int64, total: Int64) {
    var status = statvfs()
    if statvfs(path, &status) != 0 { throw .last("statvfs", path) }
    let unit = Int64(status.f_frsize)
    return (Int64(status.f_bavail) * unit, Int64(status.f_blocks) * unit)
  }
}

final class LinuxFile: StampedFile, @unchecked Sendable {
  // Sendable because the descriptor is fixed, and the kernel orders positional calls on it; `close` is idempotent
  // under its lock and callers never use a file after closing it.
  let descriptor: Int32
  private let path: String
  private let isOpen = Locked(true)

  init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }
  deinit { close() }

  func write(_ chunks: [any ByteChunk], at offset: Int64) throws(FileError) {
    var position = offset
    for chunk in chunks {
      let failed = chunk.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
          let written = retryInterrupted {
            pwrite(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, Int(position))
          }
          if written <= 0 { return true }
          rest = rest.dropFirst(written)
          position += Int64(written)
        }
        return false
      }
      if failed { throw .last("pwrite", path) }
    }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
    let count = retryInterrupted { pread(descriptor, buffer.baseAddress, buffer.count, Int(offset)) }
    guard count >= 0 else { throw .last("pread", path) }
    return count
  }

  func copy(_ count: Int64, of other: any OpenFile, from offset: Int64, to position: Int64)
    throws(FileError) -> Int64
  {
    guard let other = other as? LinuxFile else {
      throw FileError(
        kind: .other, call: "copy_file_range", path: path, code: 0, explanation: "not a file of this system")
    }
    var source = offset
    var target = position
    while source < offset + count {
      let rest = UInt64(offset + count - source)
      let copied = retryInterrupted {
        linux_copy_file_range(other.descriptor, &source, descriptor, &target, rest)
      }
      if copied > 0 { continue }
      // Between some file systems, and out of some, the kernel copies nothing or says that there is nothing.
      if copied < 0 && !Self.cannotCopy.contains(errno) { throw .last("copy_file_range", path) }
      let rested = offset + count - source
      return source - offset + (try copyByReading(rested, of: other, from: source, to: target))
    }
    return source - offset
  }
  private static let cannotCopy: Set = [EXDEV, EINVAL, EOPNOTSUPP, ENOSYS, EPERM]

  func stamp() throws(FileError) -> FileStamp {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .last("fstat", path) }
    return FileStamp(status)
  }

  func size() throws(FileError) -> Int64 {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .last("fstat", path) }
    return Int64(status.st_size)
  }

  func linkCount() throws(FileError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .last("fstat", path) }
    return Int(status.st_nlink)
  }

  func truncate(to size: Int64) throws(FileError) {
    if ftruncate(descriptor, Int(size)) != 0 { throw .last("ftruncate", path) }
  }

  func sync() throws(FileError) {
    if fdatasync(descriptor) != 0 { throw .last("fdatasync", path) }
  }

  func setPermissions(_ mode: UInt32) throws(FileError) {
    if fchmod(descriptor, mode) != 0 { throw .last("fchmod", path) }
  }

  func close() {
    let first = isOpen.withLock { isOpen in
      defer { isOpen = false }
      return isOpen
    }
    if first { _ = Glibc.close(descriptor) }
  }
}

extension FileError {
  /// The error that `errno` holds, right after a failed call.
  static func last(_ call: String, _ path: String) -> FileError {
    let code = errno
    let kind: Kind =
      switch code {
      case ENOENT: .notFound
      case EEXIST: .exists
      case ENOSPC, EDQUOT: .full
      case EACCES, EPERM, EROFS: .denied
      default: .other
      }
    return FileError(
      kind: kind, call: call, path: path, code: code, explanation: String(cString: strerror(code)))
  }
}

/// Makes the call again as long as a signal interrupts it.
func retryInterrupted<Result: SignedInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}
