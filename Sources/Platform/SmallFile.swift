import Glibc

/// A small file of somebody else's, read whole; it may be a device or a link, as secrets are often mounted.
package enum SmallFile {
  package enum Failure: Error, CustomStringConvertible {
    case system(String)
    case tooLarge(Int)

    package var description: String {
      switch self {
      case .system(let why): why
      case .tooLarge(let limit): "it is larger than \(limit) bytes"
      }
    }
  }

  /// - Throws: `Failure` when it cannot be opened or read, or has more than `maximumBytes` bytes.
  package static func read(_ path: String, maximumBytes: Int) throws(Failure) -> [UInt8] {
    // A named pipe without a writer must not stop the start.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = Glibc.read(descriptor, &piece, piece.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .system(String(cString: strerror(errno))) }
      if count == 0 { return bytes }
      bytes += piece.prefix(count)
      guard bytes.count <= maximumBytes else { throw .tooLarge(maximumBytes) }
    }
  }
}
