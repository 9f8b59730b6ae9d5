import Glibc

/// One keep-alive HTTP/1.1 connection with blocking calls; one request at a time.
final class Connection: @unchecked Sendable {
  // Sendable because one thread makes it and one thread uses it, one after the other.
  private let socket: Int32
  private let host: String
  private var head: [UInt8] = []
  /// Received, not yet read.
  private var input: [UInt8] = []

  enum Body {
    case none
    case bytes([UInt8])
    /// A range of the upload's bytes.
    case part(Upload, Range<Int>, Payload)

    var count: Int {
      switch self {
      case .none: 0
      case .bytes(let bytes): bytes.count
      case .part(_, let range, _): range.count
      }
    }
  }

  init(to address: Address) throws {
    socket = try address.connect()
    host = "\(address.host):\(address.port)"
  }

  deinit { close(socket) }

  /// Lets the kernel forget the connection when it is closed, so that thousands leave no port waiting.
  func closeAbruptly() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  /// Sends a request and waits for the whole response.
  func request(
    _ method: StaticString, _ path: String, _ fields: [(StaticString, String)] = [], _ body: Body = .none
  ) throws -> Response {
    head.removeAll(keepingCapacity: true)
    append(method)
    append(" \(path) HTTP/1.1\r\nHost: \(host)\r\nTus-Resumable: 1.0.0\r\n")
    for (name, value) in fields {
      append(name)
      append(": \(value)\r\n")
    }
    let isHead = method.utf8CodeUnitCount == 4 && method.utf8Start[0] == UInt8(ascii: "H")
    if !isHead { append("Content-Length: \(body.count)\r\n") }
    append("\r\n")
    do {
      try send(body)
      return try receive(isHead: isHead)
    } catch let error as BenchmarkError {
      throw BenchmarkError("\(method) \(path): \(error)")
    }
  }

  private func append(_ text: StaticString) { text.withUTF8Buffer { head.append(contentsOf: $0) } }
  private func append(_ text: String) { head.append(contentsOf: text.utf8) }

  // MARK: sending

  private func send(_ body: Body) throws {
    switch body {
    case .none: try sendAll(head)
    case .bytes(let bytes):
      // One call and one segment: copying 2 KiB is cheaper than a second call.
      head.append(contentsOf: bytes)
      try sendAll(head)
    case .part(let upload, let range, let payload):
      try sendAll(head, isMoreComing: true)
      let ending = upload.length - Payload.endingBytes
      try sendBlock(range.clamped(to: 0..<ending), of: payload)
      let last = range.clamped(to: ending..<upload.length)
      if !last.isEmpty {
        let bytes = Payload.ending(of: upload.number)
        try sendAll(Array(bytes[(last.lowerBound - ending)..<(last.upperBound - ending)]))
      }
    }
  }

  private func sendAll(_ bytes: [UInt8], isMoreComing: Bool = false) throws {
    let flags = Int32(MSG_NOSIGNAL) | (isMoreComing ? Int32(MSG_MORE) : 0)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress! + sent, $0.count - sent, flags) }
      if count < 0 && errno == EINTR { continue }
      sent += try check("send", count)
    }
  }

  private func sendBlock(_ range: Range<Int>, of payload: Payload) throws {
    var position = range.lowerBound
    while position < range.upperBound {
      var offset = off_t(position % Payload.blockBytes)
      let count = min(range.upperBound - position, Payload.blockBytes - Int(offset))
      let sent = sendfile(socket, payload.file, &offset, count)
      if sent < 0 && errno == EINTR { continue }
      position += try check("sendfile", sent)
    }
  }

  // MARK: receiving

  private func receive(isHead: Bool) throws -> Response {
    while true {
      let end = try headEnd()
      var response = try Response(head: input[..<end])
      input.removeFirst(end)
      // Interim responses (RFC 9110 §15.2) come before the one that counts.
      if (100..<200).contains(response.status) { continue }
      if !isHead, response.status != 204, response.status != 304 { try receiveBody(of: &response) }
      return response
    }
  }

  private func headEnd() throws -> Int {
    var searched = 3
    while true {
      while searched < input.count {
        if input[searched] == UInt8(ascii: "\n"), input[searched - 2] == UInt8(ascii: "\n") {
          return searched + 1
        }
        searched += 1
      }
      try fill()
    }
  }

  private func receiveBody(of response: inout Response) throws {
    guard !response.isChunked else { return try receiveChunks(of: &response) }
    let length = response.contentLength ?? 0
    while input.count < length { try fill() }
    response.body = Array(input.prefix(length))
    input.removeFirst(length)
  }

  private func receiveChunks(of response: inout Response) throws {
    while true {
      while !input.contains(UInt8(ascii: "\n")) { try fill() }
      let line = input.prefix { $0 != UInt8(ascii: "\n") }
      let digits = line.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: ";") }
      guard let length = Int(String(decoding: digits, as: UTF8.self), radix: 16), length >= 0 else {
        throw BenchmarkError("a chunk has no length")
      }
      let start = line.count + 1
      while input.count < start + length + 2 { try fill() }
      response.body += input[start..<(start + length)]
      input.removeFirst(start + length + 2)
      if length == 0 { return }
    }
  }

  private func fill() throws {
    // On the stack: ten thousand idle connections would otherwise hold a buffer each.
    try withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 16) { buffer in
      var count: Int
      repeat {
        count = recv(socket, buffer.baseAddress, buffer.count, 0)
      } while count < 0 && errno == EINTR
      guard try check("recv", count) > 0 else { throw BenchmarkError("the server closed the connection") }
      input.append(contentsOf: buffer[..<count])
    }
  }
}
