import Glibc

/// What `lstat` says about one name.
package struct FileInfo: Sendable, Equatable {
  package enum Kind: Sendable { case file, folder, link, other }
  package let kind: Kind
  package let size: Int64
  /// Time of the last change of content, in nanoseconds since 1970.
  package let modifiedNanoseconds: Int64
  /// Time of the last change of content or of what is known about the file, which nobody can set; 0 when not known.
  package let changedNanoseconds: Int64
  /// Permission bits only.
  package let mode: UInt32
  /// Tells a file from another that took its name.
  package let device: UInt64
  package let inode: UInt64

  /// nil when there is nothing at `path`. A final symbolic link is not followed.
  package static func of(_ path: String) throws(FileError) -> FileInfo? {
    var status = stat()
    if lstat(path, &status) == 0 { return FileInfo(status) }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw .last("lstat", path)
  }

  package init(
    kind: Kind, size: Int64, modifiedNanoseconds: Int64, mode: UInt32, device: UInt64 = 0, inode: UInt64 = 0,
    changedNanoseconds: Int64 = 0
  ) {
    self.changedNanoseconds = changedNanoseconds
    self.kind = kind
    self.size = size
    self.modifiedNanoseconds = modifiedNanoseconds
    self.mode = mode
    self.device = device
    self.inode = inode
  }

  init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      case S_IFLNK: .link
      default: .other
      }
    size = Int64(status.st_size)
    modifiedNanoseconds = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    changedNanoseconds = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    mode = status.st_mode & 0o7777
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }
}

/// One name in a folder.
package struct FolderMember: Sendable {
  /// nil when the name is not valid UTF-8; then `shownName` has it with replacement characters.
  package let name: String?
  package let shownName: String
  package let info: FileInfo
}

/// Looks into folders; call only on an `IOExecutor`'s threads.
package enum DirectoryWalk {
  /// The members of one folder in byte order of their names, without `.` and `..`.
  ///
  /// A member that goes away while the folder is read is left out.
  package static func members(of folder: String) throws(FileError) -> [FolderMember] {
    guard let handle = opendir(folder) else { throw .last("opendir", folder) }
    defer { closedir(handle) }
    var members: [FolderMember] = []
    while true {
      errno = 0
      guard let entry = readdir(handle) else {
        if errno != 0 { throw .last("readdir", folder) }
        break
      }
      guard let member = member(entry, handle) else { continue }
      members.append(member)
    }
    return members.sorted { $0.shownName.utf8.lexicographicallyPrecedes($1.shownName.utf8) }
  }

  private static func member(_ entry: UnsafeMutablePointer<dirent>, _ handle: OpaquePointer) -> FolderMember?
  {
    withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { name in
        let shown = String(cString: name)
        if shown == "." || shown == ".." { return nil }
        var status = stat()
        guard fstatat(dirfd(handle), name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return FolderMember(name: String(validatingCString: name), shownName: shown, info: FileInfo(status))
      }
    }
  }
}

/// Sets what a file's content does not carry.
package enum FileAttributes {
  /// Sets the permission bits and, when given, the time of the last change; never through a symbolic link.
  package static func restore(
    _ path: String, mode: UInt32, modifiedNanoseconds: Int64?
  ) throws(FileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw .last("open", path) }
    defer { close(descriptor) }
    if fchmod(descriptor, mode) != 0 { throw .last("fchmod", path) }
    guard let nanoseconds = modifiedNanoseconds else { return }
    var (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    if rest < 0 {
      seconds -= 1
      rest += 1_000_000_000
    }
    let time = timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))
    if futimens(descriptor, [time, time]) != 0 { throw .last("futimens", path) }
  }
}
