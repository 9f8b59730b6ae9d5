import Glibc

/// A listening socket with a name in the file system.
package enum UnixSocket {
  package enum Failure: Error, CustomStringConvertible {
    case pathTooLong(String, Int)
    case alive(String)
    case notASocket(String)
    case unavailable(String, String)

    package var description: String {
      switch self {
      case .pathTooLong(let path, let limit):
        "cannot listen on unix socket \(path): the path has more than \(limit) bytes"
      case .alive(let path): "cannot listen on unix socket \(path): another server listens there"
      case .notASocket(let path): "cannot listen on unix socket \(path): there is a file that is no socket"
      case .unavailable(let path, let why): "cannot listen on unix socket \(path): \(why)"
      }
    }
  }

  private static let backlog: Int32 = 1024

  /// Whether `listen` would work, as far as that can be told without changing anything.
  package static func check(_ path: String) throws(Failure) {
    _ = try address(path)
    _ = try isStale(path)
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    if access(folder.isEmpty ? "/" : folder, W_OK | X_OK) != 0 {
      throw .unavailable(path, "its folder: \(String(cString: strerror(errno)))")
    }
  }

  /// Listens on a new socket file that owner and group may use (mode 0660); replaces one that a dead server left.
  ///
  /// - Returns: the descriptor, which the caller closes.
  package static func listen(_ path: String) throws(Failure) -> Int32 {
    var address = try address(path)
    if try isStale(path) { unlink(path) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .unavailable(path, String(cString: strerror(errno))) }
    let isBound = withSocketAddress(&address) { bind(descriptor, $0, $1) == 0 }
    // Nobody can connect before it listens, so nobody gets in by the mode it was made with.
    guard isBound, chmod(path, 0o660) == 0, Glibc.listen(descriptor, backlog) == 0 else {
      let why = String(cString: strerror(errno))
      close(descriptor)
      if isBound { unlink(path) }
      throw .unavailable(path, why)
    }
    return descriptor
  }

  /// Removes the file, if it is a socket still.
  package static func remove(_ path: String) {
    var status = stat()
    if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
  }

  /// False when nothing is there.
  private static func isStale(_ path: String) throws(Failure) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT { return false }
      throw .unavailable(path, String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path) }
    var address = try address(path)
    let descriptor = socket(
      AF_UNIX,
      Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { throw .unavailable(path, String(cString: strerror(errno))) }
    defer { close(descriptor) }
    let isRefused = withSocketAddress(&address) { connect(descriptor, $0, $1) != 0 && errno == ECONNREFUSED }
    guard isRefused else { throw .alive(path) }
    return true
  }

  private static func address(_ path: String) throws(Failure) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let limit = MemoryLayout.size(ofValue: address.sun_path) - 1
    guard path.utf8.count <= limit else { throw .pathTooLong(path, limit) }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return address
  }

  private static func withSocketAddress<Result>(
    _ address: inout sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
