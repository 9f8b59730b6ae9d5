import Foundation
import Glibc
import TestSupport

/// One client with one connection, which reads each answer before it sends on.
final class KillStepClient {
  private let port: Int
  private var connection: RawConnection?

  init(port: Int) { self.port = port }

  /// The final answer. `hear` is given each interim one before it; without it none may come.
  func request(
    _ method: String, _ target: String, _ headers: [String: String] = [:], body: [UInt8]? = nil,
    hear: ((RawConnection.Answer) throws -> Void)? = nil
  ) throws -> RawConnection.Answer {
    let connection = try self.connection ?? RawConnection(port: port)
    self.connection = connection
    var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) { head += "\(name): \(value)\r\n" }
    if let body { head += "Content-Length: \(body.count)\r\n" }
    try connection.send(head + "\r\n")
    if let body { try connection.send(body) }
    var answer = try connection.answer(isHead: method == "HEAD")
    while (100..<200).contains(answer.status) {
      guard let hear else { throw BrokenLaw("nobody is told what he did not ask for: \(answer)") }
      try hear(answer)
      answer = try connection.answer(isHead: method == "HEAD")
    }
    if answer.headers["connection"] == "close" { self.connection = nil }
    return answer
  }

  func json(_ method: String, _ target: String, _ body: Any? = nil) throws -> (
    status: Int, object: [String: Any]
  ) {
    let data = try body.map { Array(try JSONSerialization.data(withJSONObject: $0)) }
    let headers = ["Accept": "application/json"].merging(
      data == nil ? [:] : ["Content-Type": "application/json"]
    ) { $1 }
    let answer = try request(method, target, headers, body: data ?? (method == "POST" ? [] : nil))
    let object = try? JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
    return (answer.status, object ?? ["text": answer.text])
  }

  func items(_ target: String) throws -> [[String: Any]] {
    let answer = try json("GET", target)
    guard answer.status == 200, let items = answer.object["items"] as? [[String: Any]] else {
      throw BrokenLaw("\(target) answers with a list: \(answer)")
    }
    return items
  }

  /// Asks until the body has a result.
  func eventually<Result>(_ what: String, _ body: () throws -> Result?) throws -> Result {
    for _ in 0..<6_000 {
      if let result = try body() { return result }
      usleep(10_000)
    }
    throw BrokenLaw("within a minute: \(what)")
  }

  /// Every event from the first to one that fits, read from the stream of events.
  func events(until isLast: ([String: Any]) -> Bool) throws -> [[String: Any]] {
    var stream = try EventStream(port: port)
    var events: [[String: Any]] = []
    while let event = try stream.next() {
      events.append(event)
      if isLast(event) { return events }
    }
    throw BrokenLaw("the stream of events goes on: it ended after \(events)")
  }
}

/// A blocking reader of `/api/v1/events` from the first event on.
private struct EventStream: ~Copyable {
  private let descriptor: Int32
  private var text = ""

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard status == 0 else { throw RawConnection.Failure.connect(errno) }
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let head = "GET /api/v1/events?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    guard Glibc.send(descriptor, head, head.utf8.count, Int32(MSG_NOSIGNAL)) == head.utf8.count else {
      throw RawConnection.Failure.closed
    }
  }
  deinit { close(descriptor) }

  /// The next event's data; nil when the stream ends or stays silent.
  mutating func next() throws -> [String: Any]? {
    while true {
      // A line's end shows that it is whole; sizes of HTTP chunks stand on lines of their own.
      if let start = text.range(of: "data: "),
        let end = text.range(of: "\n", range: start.upperBound..<text.endIndex)
      {
        let line = Data(text[start.upperBound..<end.lowerBound].utf8)
        text.removeSubrange(..<end.upperBound)
        return try JSONSerialization.jsonObject(with: line) as? [String: Any]
      }
      var bytes = [UInt8](repeating: 0, count: 64 << 10)
      let count = uninterrupted { recv(descriptor, &bytes, bytes.count, 0) }
      guard count > 0 else { return nil }
      text += String(decoding: bytes.prefix(count), as: UTF8.self)
    }
  }
}
