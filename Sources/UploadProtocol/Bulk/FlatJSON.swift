import Vocabulary

/// JSON objects (RFC 8259) without objects or lists inside: all that a frame's header is.
enum FlatJSON {
  enum Value: Equatable {
    case text(String)
    /// As it is written.
    case number(String)
    case bool(Bool)
    case null
  }

  /// The members; nil for anything but one flat object, and when a name is there twice.
  static func object(_ bytes: [UInt8]) -> [String: Value]? {
    var reader = Reader(rest: bytes[...])
    return reader.object()
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>

    mutating func object() -> [String: Value]? {
      var members: [String: Value] = [:]
      blank()
      guard take("{") else { return nil }
      blank()
      if !take("}") {
        repeat {
          blank()
          guard take("\""), let name = text(), members[name] == nil else { return nil }
          blank()
          guard take(":") else { return nil }
          blank()
          guard let value = value() else { return nil }
          members[name] = value
          blank()
        } while take(",")
        guard take("}") else { return nil }
      }
      blank()
      return rest.isEmpty ? members : nil
    }

    private mutating func blank() { rest = rest.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) } }

    private mutating func take(_ word: StaticString) -> Bool {
      let bytes = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
      guard rest.starts(with: bytes) else { return false }
      rest = rest.dropFirst(bytes.count)
      return true
    }

    private mutating func value() -> Value? {
      if take("\"") { return text().map { .text($0) } }
      if take("null") { return .null }
      if take("true") { return .bool(true) }
      if take("false") { return .bool(false) }
      return number().map { .number($0) }
    }

    /// `-`? (0 | 1-9 digits*) (. digits+)? (e sign? digits+)?
    private mutating func number() -> String? {
      let start = rest
      _ = take("-")
      if !take("0") { guard digits() else { return nil } }
      if take(".") { guard digits() else { return nil } }
      if take("e") || take("E") {
        if !take("-") { _ = take("+") }
        guard digits() else { return nil }
      }
      return String(decoding: start[..<rest.startIndex], as: UTF8.self)
    }

    private mutating func digits() -> Bool {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      rest = rest.dropFirst(digits.count)
      return !digits.isEmpty
    }

    /// What is behind the opening quotation mark, up to and with the closing one.
    private mutating func text() -> String? {
      var bytes: [UInt8] = []
      while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "\""): return String(validating: bytes, as: UTF8.self)
        case UInt8(ascii: "\\"):
          guard let scalar = escape() else { return nil }
          bytes += UTF8.encode(scalar).map { Array($0) } ?? []
        case 0..<0x20: return nil
        default: bytes.append(byte)
        }
      }
      return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
      switch rest.popFirst() {
      case UInt8(ascii: "\""): return "\""
      case UInt8(ascii: "\\"): return "\\"
      case UInt8(ascii: "/"): return "/"
      case UInt8(ascii: "b"): return "\u{8}"
      case UInt8(ascii: "f"): return "\u{c}"
      case UInt8(ascii: "n"): return "\n"
      case UInt8(ascii: "r"): return "\r"
      case UInt8(ascii: "t"): return "\t"
      case UInt8(ascii: "u"):
        guard let unit = unit() else { return nil }
        guard (0xd800..<0xdc00).contains(unit) else { return Unicode.Scalar(unit) }
        guard take("\\u"), let low = self.unit(), (0xdc00..<0xe000).contains(low) else { return nil }
        return Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00))
      default: return nil
      }
    }

    private mutating func unit() -> UInt32? {
      let digits = rest.prefix(4)
      guard digits.count == 4, let bytes = Hexadecimal.decode(String(decoding: digits, as: UTF8.self)),
        bytes.count == 2
      else { return nil }
      rest = rest.dropFirst(4)
      return UInt32(bytes[0]) << 8 | UInt32(bytes[1])
    }
  }
}
