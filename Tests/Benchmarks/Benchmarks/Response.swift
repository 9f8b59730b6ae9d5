/// What the load generator wants to know of a response, whatever server it is from.
struct Response {
  var status = 0
  var location: String?
  var uploadOffset: Int?
  var body: [UInt8] = []
  fileprivate(set) var contentLength: Int?
  fileprivate(set) var isChunked = false

  var text: String { String(decoding: body, as: UTF8.self) }

  /// Reads a head that ends in an empty line; fields it does not know are passed over.
  ///
  /// - Throws: when it is no HTTP/1.1 response.
  init(head: ArraySlice<UInt8>) throws {
    guard head.count > 12, head.starts(with: "HTTP/1.".utf8) else {
      throw BenchmarkError("not an HTTP response: \(String(decoding: head.prefix(80), as: UTF8.self))")
    }
    let digits = head[(head.startIndex + 9)..<(head.startIndex + 12)]
    status = Self.integer(digits) ?? 0
    var start = head.startIndex
    while let end = head[start...].firstIndex(of: UInt8(ascii: "\n")) {
      readField(head[start..<end])
      start = end + 1
    }
  }

  private mutating func readField(_ line: ArraySlice<UInt8>) {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
    let name = line[..<colon]
    // Lengths first, so that most fields cost one comparison.
    switch name.count {
    case 8 where Self.isName(name, "location"):
      location = String(decoding: Self.trimmed(line[(colon + 1)...]), as: UTF8.self)
    case 13 where Self.isName(name, "upload-offset"):
      uploadOffset = Self.integer(Self.trimmed(line[(colon + 1)...]))
    case 14 where Self.isName(name, "content-length"):
      contentLength = Self.integer(Self.trimmed(line[(colon + 1)...]))
    case 17 where Self.isName(name, "transfer-encoding"): isChunked = true
    default: break
    }
  }

  private static func isName(_ name: ArraySlice<UInt8>, _ wanted: StaticString) -> Bool {
    wanted.withUTF8Buffer { wanted in
      zip(name, wanted).allSatisfy { $0 | 0x20 == $1 | 0x20 }
    }
  }

  private static func trimmed(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }
    let rest = value.drop(while: isBlank)
    return rest.prefix { !isBlank($0) }
  }

  private static func integer(_ digits: ArraySlice<UInt8>) -> Int? {
    guard !digits.isEmpty, digits.count < 19 else { return nil }
    var value = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return value
  }
}
