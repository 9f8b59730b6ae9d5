import Glibc

/// The names of one folder, one after the other, however many there are. One caller at a time.
package final class FolderStream: @unchecked Sendable {
  // Sendable because it has one user at a time, as it says; it is handed from thread to thread only.
  private let handle: OpaquePointer
  private let path: String

  /// Takes the descriptor over; nil when it cannot be read as a folder, and then it stays the caller's.
  init?(descriptor: Int32, path: String) {
    guard let handle = fdopendir(descriptor) else { return nil }
    self.handle = handle
    self.path = path
  }
  deinit { closedir(handle) }

  /// The next name as the bytes it is, in no order, without `.` and `..`; nil after the last.
  package func nextName() throws(FileError) -> [UInt8]? {
    while true {
      errno = 0
      guard let entry = readdir(handle) else {
        if errno != 0 { throw .last("readdir", path) }
        return nil
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: UInt8.self, capacity: 256) { bytes in
          var count = 0
          while bytes[count] != 0 { count += 1 }
          return Array(UnsafeBufferPointer(start: bytes, count: count))
        }
      }
      if name != [UInt8(ascii: ".")] && name != [UInt8(ascii: "."), UInt8(ascii: ".")] { return name }
    }
  }

  /// What has the name now; nil when it is gone.
  package func member(_ name: [UInt8]) throws(FileError) -> FolderMember? {
    var status = stat()
    let text = name.map { CChar(bitPattern: $0) } + [0]
    let result = fstatat(dirfd(handle), text, &status, AT_SYMLINK_NOFOLLOW)
    if result != 0 {
      if errno == ENOENT { return nil }
      throw .last("fstatat", path)
    }
    return FolderMember(
      name: String(validating: name, as: UTF8.self), shownName: String(decoding: name, as: UTF8.self),
      info: FileInfo(status))
  }
}
