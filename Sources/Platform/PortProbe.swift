import Glibc

/// Asks before anything else whether an address can be listened on.
package enum PortProbe {
  package enum Failure: Error, CustomStringConvertible {
    case unknownHost(String, String)
    case unavailable(String, Int, String)

    package var description: String {
      switch self {
      case .unknownHost(let host, let why): "host \(host) cannot be resolved: \(why)"
      case .unavailable(let host, let port, let why): "cannot listen on \(host) port \(port): \(why)"
      }
    }
  }

  /// Listens on the address and stops again at once.
  package static func check(host: String, port: Int) throws(Failure) {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &found)
    guard status == 0, let address = found else {
      throw .unknownHost(host, String(cString: gai_strerror(status)))
    }
    defer { freeaddrinfo(found) }
    let descriptor = socket(
      address.pointee.ai_family, address.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    if bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) != 0
      || listen(descriptor, 1) != 0
    {
      throw .unavailable(host, port, String(cString: strerror(errno)))
    }
  }
}

/// Addresses that only this machine can reach.
package enum LoopbackAddress {
  /// True for `localhost`, `::1` and the addresses of 127.0.0.0/8; a name that begins alike is a name.
  package static func contains(_ host: String) -> Bool {
    if host == "localhost" || host == "::1" { return true }
    var address = in_addr()
    return inet_pton(AF_INET, host, &address) == 1 && UInt32(bigEndian: address.s_addr) >> 24 == 127
  }
}
