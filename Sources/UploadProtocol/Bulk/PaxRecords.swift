import Vocabulary

/// What the extended headers of a pax archive say, as far as it matters here.
struct PaxRecords {
  var path: [UInt8]?
  var size: Int64?
  /// As it was written: only the entry it is for suffers from a wrong one.
  var modifiedAt: [UInt8]?
  var isSparse = false

  /// These, with those of a later or nearer header in front.
  func overlaid(by other: PaxRecords) -> PaxRecords {
    var both = self
    both.path = other.path ?? path
    both.size = other.size ?? size
    both.modifiedAt = other.modifiedAt ?? modifiedAt
    both.isSparse = isSparse || other.isSparse
    return both
  }

  /// Reads records `LENGTH KEY=VALUE\n`, whose length counts all of the record.
  ///
  /// - Throws: `ProblemError` with `bad-archive`.
  mutating func read(_ body: ArraySlice<UInt8>) throws(ProblemError) {
    var rest = body
    while !rest.isEmpty {
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard digits.count <= 7, let length = Int(Self.text(digits)), length <= rest.count,
        length > digits.count + 3
      else { throw Self.flaw("has a wrong length") }
      let record = rest.prefix(length).dropFirst(digits.count)
      rest = rest.dropFirst(length)
      guard record.first == 0x20, record.last == 0x0a else { throw Self.flaw("is not KEY=VALUE in a line") }
      let pair = record.dropFirst().dropLast()
      guard let separator = pair.firstIndex(of: UInt8(ascii: "=")) else {
        throw Self.flaw("is not KEY=VALUE in a line")
      }
      try set(Self.text(pair[..<separator]), pair[(separator + 1)...])
    }
  }

  /// - Throws: `ProblemError` with `bad-metadata`.
  func modificationTime(of name: [UInt8]) throws(ProblemError) -> Timestamp? {
    guard let modifiedAt else { return nil }
    guard modifiedAt.count <= 64, let time = DecimalTime.parse(Self.text(modifiedAt[...])) else {
      throw ArchiveName.flaw(
        inKey: "mtime", of: name[...],
        "is \(quoted(ArchiveName.shown(modifiedAt[...]))), not a number of seconds since 1970")
    }
    return time
  }

  private mutating func set(_ key: String, _ value: ArraySlice<UInt8>) throws(ProblemError) {
    switch key {
    case "path": path = value.isEmpty ? nil : Array(value)
    case "size":
      guard !value.isEmpty else {
        size = nil
        return
      }
      let isNumber = value.count <= 19 && value.allSatisfy { (0x30...0x39).contains($0) }
      guard isNumber, let number = Int64(Self.text(value)), number <= TarHeader.maximumSize else {
        throw Self.flaw("size \(quoted(ArchiveName.shown(value))) is not a number of bytes")
      }
      size = number
    case "mtime": modifiedAt = value.isEmpty ? nil : Array(value)
    default: if key.hasPrefix("GNU.sparse.") { isSparse = true }
    }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
  private static func flaw(_ what: String) -> ProblemError {
    badArchive("a record of an extended header \(what)")
  }
}

/// Seconds since 1970 as decimal text.
enum DecimalTime {
  /// The time, to the millisecond below it; nil for what is no number or not within the years of four digits.
  static func parse(_ text: String) -> Timestamp? {
    let isNegative = text.utf8.first == UInt8(ascii: "-")
    let parts = text.utf8.dropFirst(isNegative ? 1 : 0)
      .split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, (1...12).contains(whole.count),
      parts.allSatisfy({ $0.allSatisfy(isDigit) }),
      let seconds = Int64(String(decoding: whole, as: UTF8.self)), seconds < 253_402_300_800
    else { return nil }
    let fraction = parts.count == 2 ? Array(parts[1].prefix(3)) : []
    var milliseconds: Int64 = 0
    for place in 0..<3 {
      milliseconds = milliseconds * 10 + (place < fraction.count ? Int64(fraction[place]) - 48 : 0)
    }
    let total = seconds * 1000 + milliseconds
    return Timestamp(milliseconds: isNegative ? -total : total)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
