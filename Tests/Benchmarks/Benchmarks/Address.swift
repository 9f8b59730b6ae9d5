import Glibc

/// Where a server takes uploads: `http://127.0.0.1:8080/files/`.
struct Address: Sendable {
  let host: String
  let port: UInt16
  /// The path of new uploads.
  let path: String

  /// - Throws: unless it is the `http` URL of a numeric IPv4 address (or localhost) with a path.
  init(_ text: String) throws {
    let scheme = "http://"
    let rest = text.dropFirst(scheme.count)
    let authority = rest.prefix { $0 != "/" }
    let parts = authority.split(separator: ":")
    guard text.hasPrefix(scheme), let name = parts.first, parts.count <= 2,
      let port = parts.count == 2 ? UInt16(parts[1]) : 80
    else { throw BenchmarkError("\(text) is not a URL such as http://127.0.0.1:1080/files/") }
    host = name == "localhost" ? "127.0.0.1" : String(name)
    self.port = port
    let path = String(rest.dropFirst(authority.count))
    self.path = path.isEmpty ? "/" : path
  }

  /// A connected socket.
  func connect() throws -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
      throw BenchmarkError("\(host) is not an IPv4 address")
    }
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = try check("socket", socket(AF_INET, kind, 0))
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) }
    }
    guard status == 0 else {
      let error = BenchmarkError.call("connect to \(host):\(port)")
      close(descriptor)
      throw error
    }
    try setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, Int32(1))
    // A server that stalls must end the run, not hang it.
    try setOption(descriptor, SOL_SOCKET, SO_RCVTIMEO, timeval(tv_sec: 120, tv_usec: 0))
    try setOption(descriptor, SOL_SOCKET, SO_SNDTIMEO, timeval(tv_sec: 120, tv_usec: 0))
    return descriptor
  }
}

private func setOption<Value>(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Value) throws {
  let status = withUnsafeBytes(of: value) {
    setsockopt(descriptor, level, name, $0.baseAddress, socklen_t($0.count))
  }
  try check("setsockopt", status)
}
