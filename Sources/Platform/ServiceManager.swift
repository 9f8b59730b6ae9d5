import Glibc

/// What systemd hands to a service, and what it wants to hear: sd_listen_fds(3) and sd_notify(3).
package enum ServiceManager {
  package enum Failure: Error, CustomStringConvertible {
    case badCount(String)
    case notListening(Int32)

    package var description: String {
      switch self {
      case .badCount(let text): "LISTEN_FDS is \"\(text)\"; it must be a number from 1 to \(maximumSockets)"
      case .notListening(let descriptor):
        "the file descriptor \(descriptor) that LISTEN_FDS names is no listening TCP or unix socket"
      }
    }
  }

  /// A listening socket that was handed over.
  package struct ListeningSocket: Sendable, Equatable {
    package let descriptor: Int32
    /// `FileDescriptorName=` of the socket unit; `unknown` without one.
    package let name: String
    /// The numeric address of a TCP socket; nil for a unix socket.
    package let host: String?
  }

  private static let firstDescriptor: Int32 = 3
  package static let maximumSockets = 16

  /// The sockets that were handed to this very process, to be used instead of binding; none when there are none, or
  /// when they were meant for another process.
  ///
  /// - Parameter environment: that of the process.
  /// - Throws: `Failure` when what was handed over is no listening socket.
  package static func listeningSockets(
    _ environment: [String: String]
  ) throws(Failure) -> [ListeningSocket] {
    guard let owner = environment["LISTEN_PID"], Int32(owner) == getpid(),
      let count = environment["LISTEN_FDS"]
    else { return [] }
    guard let count = Int32(count), count >= 1, count <= maximumSockets else { throw .badCount(count) }
    let names = environment["LISTEN_FDNAMES"]?.split(separator: ":", omittingEmptySubsequences: false) ?? []
    var sockets: [ListeningSocket] = []
    for index in 0..<count {
      let name = Int(index) < names.count ? String(names[Int(index)]) : "unknown"
      sockets.append(try socket(firstDescriptor + index, name))
    }
    return sockets
  }

  /// Tells the service manager about this process (`READY=1`, `STOPPING=1`); does nothing when nobody wants to know.
  package static func notify(_ state: String, _ environment: [String: String]) {
    guard let path = environment["NOTIFY_SOCKET"], path.hasPrefix("/") || path.hasPrefix("@") else { return }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let count = path.utf8.count
    guard count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    withUnsafeMutableBytes(of: &address.sun_path) { target in
      target.copyBytes(from: path.utf8)
      // A name that begins with @ is one of the abstract ones, which begin with a zero byte.
      if path.hasPrefix("@") { target[0] = 0 }
    }
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + count)
    let bytes = Array(state.utf8)
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }

  private static func socket(_ descriptor: Int32, _ name: String) throws(Failure) -> ListeningSocket {
    guard option(SO_ACCEPTCONN, of: descriptor) == 1,
      option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue)
    else { throw .notListening(descriptor) }
    // Programs that are started from here have no business with it.
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        guard getsockname(descriptor, $0, &length) == 0 else { return Int32(-1) }
        if Int32($0.pointee.sa_family) == AF_UNIX { return 1 }
        return getnameinfo($0, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
      }
    }
    switch status {
    case 0:
      let host = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return ListeningSocket(descriptor: descriptor, name: name, host: host)
    case 1: return ListeningSocket(descriptor: descriptor, name: name, host: nil)
    default: throw .notListening(descriptor)
    }
  }

  private static func option(_ option: Int32, of descriptor: Int32) -> Int32? {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, option, &value, &length) == 0 ? value : nil
  }
}
