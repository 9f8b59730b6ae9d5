/// What a `Range` field asks of a representation (RFC 9110 §14.2): one range of bytes is served, anything else is ignored.
package enum ByteRange: Sendable, Equatable {
  case whole
  /// Never empty.
  case part(Range<Int64>)
  case unsatisfiable

  /// Several ranges, other units and nonsense ask for the whole, as the RFC allows; they are never an error.
  package init(_ field: String?, size: Int64) {
    self = field.flatMap { Self.parse(Array($0.utf8), size: size) } ?? .whole
  }

  private static func parse(_ field: [UInt8], size: Int64) -> ByteRange? {
    let unit = Array("bytes=".utf8)
    guard field.prefix(unit.count).map(lowercased).elementsEqual(unit) else { return nil }
    let specification = field.dropFirst(unit.count).filter {
      $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t")
    }
    let bounds = specification.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard bounds.count == 2 else { return nil }
    switch (bounds[0].isEmpty, bounds[1].isEmpty) {
    case (true, true):
      return nil
    case (true, false):
      guard let count = number(bounds[1]) else { return nil }
      if count == 0 { return .unsatisfiable }
      // The last bytes of nothing are all there is, and a range cannot say so.
      return size == 0 ? .whole : .part(max(0, size - count)..<size)
    case (false, let isOpen):
      guard let first = number(bounds[0]) else { return nil }
      guard let last = isOpen ? Int64.max : number(bounds[1]), first <= last else { return nil }
      return first < size ? .part(first..<(last < size ? last + 1 : size)) : .unsatisfiable
    }
  }

  /// Decimal digits and nothing else; a number too great for `Int64` is as good as the greatest one.
  private static func number(_ digits: some Collection<UInt8>) -> Int64? {
    var value: Int64 = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      let (product, isTooGreat) = value.multipliedReportingOverflow(by: 10)
      let (sum, isTooGreatNow) = product.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
      // Once too great, it stays so: the greatest value times ten is too great again.
      value = isTooGreat || isTooGreatNow ? .max : sum
    }
    return value
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }
}
