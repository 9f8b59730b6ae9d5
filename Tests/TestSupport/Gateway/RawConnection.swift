import Foundation
import Glibc

/// A blocking HTTP/1.1 connection under full control of a test: bytes go out as given, answers are read one by one.
///
/// Every read and write has a time limit, so that a hanging server fails the test instead of stopping it.
package final class RawConnection {
  package struct Answer: Sendable {
    package var status: Int
    /// Names in lower case; of repeated fields the last.
    package var headers: [String: String]
    package var body: [UInt8]
    package var text: String { String(decoding: body, as: UTF8.self) }
  }
  package enum Failure: Error {
    case connect(Int32)
    case closed, timedOut
    case malformed(String)
  }

  private let descriptor: Int32
  private var buffer: [UInt8] = []

  /// - Parameter host: the last number of the client's own address, 127.0.0.`host`.
  package init(port: Int, from host: UInt8 = 1, timeoutSeconds: Int = 60) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    // A failed initializer still runs `deinit`, which closes the descriptor.
    for (call, host, port) in [(bind, host, 0), (connect, 1, port)] {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = in_port_t(port).bigEndian
      address.sin_addr.s_addr = (0x7f00_0000 | in_addr_t(host)).bigEndian
      let status = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      guard status == 0 else { throw Failure.connect(errno) }
    }
    setTimeout(timeoutSeconds)
  }

  /// To a server that listens on a unix socket.
  package init(socketPath: String, timeoutSeconds: Int = 60) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // The last byte stays the zero that ends the path.
    guard socketPath.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw Failure.connect(ENAMETOOLONG)
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8) }
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard status == 0 else { throw Failure.connect(errno) }
    setTimeout(timeoutSeconds)
  }

  private func setTimeout(_ seconds: Int) {
    var limit = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }
  deinit { Glibc.close(descriptor) }

  /// Ends the sending side; the answer can still be read.
  package func shutdownSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  package func send(_ text: String) throws { try send(Array(text.utf8)) }

  package func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { rest in
        uninterrupted { Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL)) }
      }
      guard count > 0 else { throw Failure.closed }
      sent += count
    }
  }

  /// Sends a request with a body and reads the answer.
  package func request(
    _ method: String, _ target: String, _ headers: KeyValuePairs<String, String> = [:], body: [UInt8]? = nil
  ) throws -> Answer {
    try send(Self.head(method, target, headers, length: body?.count))
    if let body { try send(body) }
    return try answer(isHead: method == "HEAD")
  }

  package static func head(
    _ method: String, _ target: String, _ headers: KeyValuePairs<String, String>, length: Int?
  ) -> String {
    var text = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if let length { text += "Content-Length: \(length)\r\n" }
    return text + "\r\n"
  }

  /// The next final or interim answer.
  package func answer(isHead: Bool = false) throws -> Answer {
    let head = try line(endingWith: Array("\r\n\r\n".utf8))
    let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n").filter { !$0.isEmpty }
    guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw Failure.malformed(lines.first ?? "")
    }
    var headers: [String: String] = [:]
    for field in lines.dropFirst() {
      let parts = field.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { throw Failure.malformed(field) }
      headers[parts[0].lowercased()] = parts[1].trimmingPrefix { $0 == " " }.description
    }
    var body: [UInt8] = []
    if isHead || status == 204 || status == 304 || status < 200 {
    } else if headers["transfer-encoding"] == "chunked" {
      while true {
        let size = try line(endingWith: Array("\r\n".utf8))
        guard let count = Int(String(decoding: size.dropLast(2), as: UTF8.self), radix: 16) else {
          throw Failure.malformed("chunk size")
        }
        body += try exactly(count)
        _ = try exactly(2)
        if count == 0 { break }
      }
    } else if let count = headers["content-length"].flatMap({ Int($0) }) {
      body = try exactly(count)
    } else {
      while let more = try receive() { body += more }
    }
    return Answer(status: status, headers: headers, body: body)
  }

  /// True when the server has closed the connection and nothing is left to read.
  package func isClosedByServer() throws -> Bool {
    if !buffer.isEmpty { return false }
    guard let more = try receive() else { return true }
    buffer += more
    return false
  }

  private func line(endingWith end: [UInt8]) throws -> [UInt8] {
    while true {
      if let range = buffer.firstRange(of: end) {
        let line = Array(buffer[..<range.upperBound])
        buffer.removeSubrange(..<range.upperBound)
        return line
      }
      guard let more = try receive() else { throw Failure.closed }
      buffer += more
    }
  }

  private func exactly(_ count: Int) throws -> [UInt8] {
    while buffer.count < count {
      guard let more = try receive() else { throw Failure.closed }
      buffer += more
    }
    defer { buffer.removeFirst(count) }
    return Array(buffer.prefix(count))
  }

  private func receive() throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    let count = uninterrupted { recv(descriptor, &bytes, bytes.count, 0) }
    if count > 0 { return Array(bytes.prefix(count)) }
    if count == 0 || errno == ECONNRESET { return nil }
    if errno == EAGAIN { throw Failure.timedOut }
    throw Failure.closed
  }
}
