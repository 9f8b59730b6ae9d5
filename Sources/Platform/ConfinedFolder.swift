import CLinux
import Glibc

/// A folder below which names can be opened, and nothing else: no path leads out of it, and no symbolic link at any
/// place of a path is followed, also when names are exchanged meanwhile.
///
/// Paths are relative, with `/` between components; the empty path is the folder itself. One with an empty component,
/// `.`, `..` or NUL is refused. Call only on an `IOExecutor`'s threads.
package final class ConfinedFolder: @unchecked Sendable {
  // Sendable because the descriptor is fixed, closed only with the last reference, and the kernel orders calls on it.
  private let root: Int32
  private let rootPath: String
  private let rootInfo: FileInfo
  /// False: component by component, as on kernels and in containers without `openat2`.
  private let usesKernel: Locked<Bool>

  /// A descriptor of a folder that is needed for nothing but to begin at; Glibc's module lacks the constant.
  private static let pathOnly: Int32 = 0o10000000

  /// Opens the folder at an absolute path, which is no symbolic link.
  package init(_ path: String, stepwise: Bool = false) throws(FileError) {
    let descriptor = retryInterrupted {
      Glibc.open(path, Self.pathOnly | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    guard descriptor >= 0 else { throw .last("open", path) }
    root = descriptor
    rootPath = path
    usesKernel = Locked(!stepwise)
    var status = stat()
    let isKnown = fstat(descriptor, &status) == 0
    rootInfo = FileInfo(status)
    if !isKnown { throw .last("fstat", path) }
  }
  deinit { Glibc.close(root) }

  /// False once another folder, or none, has the path that this one was opened at.
  package var isInPlace: Bool {
    guard let found = try? FileInfo.of(rootPath) else { return false }
    return found.kind == .folder && found.device == rootInfo.device && found.inode == rootInfo.inode
  }

  /// What is at the path, nil when there is nothing; a symbolic link at its end is told as one.
  package func info(_ path: String) throws(FileError) -> FileInfo? {
    let descriptor: Int32
    do throws(FileError) {
      descriptor = try descend(path, Self.pathOnly)
    } catch {
      if error.kind == .notFound || error.code == ENOTDIR { return nil }
      throw error
    }
    defer { Glibc.close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .last("fstat", path) }
    return FileInfo(status)
  }

  /// Opens a regular file to read; anything else is refused without being opened, and never waited for.
  package func open(_ path: String) throws(FileError) -> any StampedFile {
    guard let info = try info(path) else {
      throw FileError(kind: .notFound, call: "open", path: path, code: ENOENT, explanation: "it is not there")
    }
    guard info.kind == .file else { throw Self.notAFile(path) }
    // It may have become something else since: O_NONBLOCK keeps a FIFO from holding the thread.
    let file = LinuxFile(
      descriptor: try descend(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW), path: path)
    guard try file.stamp().info.kind == .file else {
      file.close()
      throw Self.notAFile(path)
    }
    return file
  }

  /// Begins to read a folder.
  package func folder(_ path: String) throws(FileError) -> FolderStream {
    let descriptor = try descend(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    guard let stream = FolderStream(descriptor: descriptor, path: path) else {
      let error = FileError.last("fdopendir", path)
      Glibc.close(descriptor)
      throw error
    }
    return stream
  }

  private static func notAFile(_ path: String) -> FileError {
    FileError(kind: .other, call: "open", path: path, code: 0, explanation: "it is not a regular file")
  }

  private func descend(_ path: String, _ flags: Int32) throws(FileError) -> Int32 {
    let components = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let isFlawed = components.contains { component in
      component.isEmpty || component.elementsEqual(".".utf8) || component.elementsEqual("..".utf8)
        || component.contains(0)
    }
    if isFlawed && !path.isEmpty {
      throw FileError(
        kind: .other, call: "open", path: path, code: EINVAL, explanation: "not a path below the folder")
    }
    let flags = flags | O_CLOEXEC | O_NOFOLLOW
    if usesKernel.withLock({ $0 }), let descriptor = try atOnce(path, flags) { return descriptor }
    return try stepwise(path.isEmpty ? [] : components.map { String(Substring($0)) }, flags, path)
  }

  /// nil where the kernel, or what the process is confined by, does not know the call.
  private func atOnce(_ path: String, _ flags: Int32) throws(FileError) -> Int32? {
    // The kernel gives up when names move at that moment; a busy folder settles, an attack does not.
    for _ in 0..<16 {
      let descriptor = retryInterrupted {
        linux_openat2(
          root, path.isEmpty ? "." : path, UInt64(flags),
          linux_resolve_beneath | linux_resolve_no_symlinks)
      }
      if descriptor >= 0 { return descriptor }
      switch errno {
      case EAGAIN: continue
      // What confines a process may answer an unknown call with EPERM; then each call is tried both ways.
      case EPERM: return nil
      case ENOSYS, E2BIG:
        usesKernel.withLock { $0 = false }
        return nil
      default: throw .last("openat2", path)
      }
    }
    throw .last("openat2", path)
  }

  private func stepwise(_ components: [String], _ flags: Int32, _ path: String) throws(FileError) -> Int32 {
    var folder = root
    defer { if folder != root { Glibc.close(folder) } }
    for component in components.dropLast() {
      let next = retryInterrupted {
        openat(folder, component, Self.pathOnly | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      }
      guard next >= 0 else { throw .last("openat", path) }
      if folder != root { Glibc.close(folder) }
      folder = next
    }
    let descriptor = retryInterrupted { openat(folder, components.last ?? ".", flags) }
    guard descriptor >= 0 else { throw .last("openat", path) }
    return descriptor
  }
}
