import Vocabulary

/// One block in front of an entry of a tar archive.
struct TarHeader {
  enum Kind: Equatable {
    case file, folder, paxLocal, paxGlobal, longName, longLink
    case other(UInt8)
  }
  /// Bytes; with room for the padding in the same integer.
  static let maximumSize = Int64.max - 1024

  let kind: Kind
  let name: [UInt8]
  let size: Int64
  let mode: Int?
  let modifiedAt: Timestamp?

  /// Reads a block of 512 bytes.
  ///
  /// - Throws: `ProblemError` with `bad-archive` when its checksum is wrong or a number is none.
  init(_ slice: ArraySlice<UInt8>) throws(ProblemError) {
    let block = Array(slice)
    guard Self.number(block[148..<156]) == Self.checksum(block) else {
      throw badArchive("a header's checksum is wrong: this is no tar archive, or it is damaged")
    }
    guard let size = Self.number(block[124..<136]), (0...Self.maximumSize).contains(size) else {
      throw badArchive("the size of an entry is not a number of bytes")
    }
    self.size = size
    mode = Self.number(block[100..<108]).map { Int(truncatingIfNeeded: $0 & 0o777) }
    modifiedAt = Self.number(block[136..<148]).flatMap(Self.time)
    kind = Self.kind(block[156])
    // Only POSIX puts a prefix behind its magic; GNU's own format keeps other fields there.
    let hasPrefix = block[257..<263].elementsEqual("ustar\u{0}".utf8)
    let prefix = hasPrefix ? block[345..<500].prefix { $0 != 0 } : []
    let last = block[0..<100].prefix { $0 != 0 }
    name = prefix.isEmpty ? Array(last) : Array(prefix) + [UInt8(ascii: "/")] + last
  }

  /// Links, devices and pipes have none, whatever their size says.
  var hasContent: Bool {
    guard case .other(let type) = kind else { return true }
    return !(UInt8(ascii: "1")...UInt8(ascii: "6")).contains(type)
  }

  static func description(of type: UInt8) -> String {
    switch type {
    case UInt8(ascii: "1"): "a hard link"
    case UInt8(ascii: "2"): "a symbolic link"
    case UInt8(ascii: "3"), UInt8(ascii: "4"): "a device"
    case UInt8(ascii: "6"): "a named pipe"
    case UInt8(ascii: "S"): "a sparse file"
    default: "an entry of type \(quoted(String(Unicode.Scalar(type))))"
    }
  }

  /// Within the years of four digits; nil otherwise.
  static func time(seconds: Int64) -> Timestamp? {
    abs(seconds.clamped) < 253_402_300_800 ? Timestamp(milliseconds: seconds * 1000) : nil
  }

  private static func kind(_ type: UInt8) -> Kind {
    switch type {
    case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .file
    case UInt8(ascii: "5"): .folder
    case UInt8(ascii: "x"), UInt8(ascii: "X"): .paxLocal
    case UInt8(ascii: "g"): .paxGlobal
    case UInt8(ascii: "L"): .longName
    case UInt8(ascii: "K"): .longLink
    default: .other(type)
    }
  }

  private static func checksum(_ block: [UInt8]) -> Int64 {
    var sum: Int64 = 8 * 0x20
    for (index, byte) in block.enumerated() where !(148..<156).contains(index) { sum += Int64(byte) }
    return sum
  }

  /// Octal digits between blanks, or, after a first byte of 0x80 or 0xff, a big-endian integer. An empty field is 0;
  /// nil for anything else, and beyond 64 bits.
  static func number(_ field: ArraySlice<UInt8>) -> Int64? {
    guard let first = field.first else { return nil }
    if first == 0x80 || first == 0xff {
      var value: Int64 = first == 0xff ? -1 : 0
      for byte in field.dropFirst() {
        let (shifted, overflow) = value.multipliedReportingOverflow(by: 256)
        if overflow { return nil }
        value = shifted | Int64(byte)
      }
      return value
    }
    let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
    guard field[digits.endIndex...].allSatisfy({ $0 == 0 || $0 == 0x20 }) else { return nil }
    var value: Int64 = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit), value >> 60 == 0 else { return nil }
      value = value << 3 | Int64(digit - UInt8(ascii: "0"))
    }
    return value
  }
}

extension Int64 {
  /// Without the one value that has no positive counterpart.
  fileprivate var clamped: Int64 { Swift.max(self, -.max) }
}
