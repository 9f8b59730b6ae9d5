/// A range of IP addresses, such as `10.0.0.0/8` or `fd00::/8`.
package struct CIDRBlock: Hashable, Sendable, CustomStringConvertible {
  private let first: IPAddress
  private let length: Int

  /// Parses `ADDRESS/LENGTH`, or an address alone, which is a block of one.
  ///
  /// `nil` for anything else, also when bits beyond the length are set: `10.0.0.1/8` is more likely a slip than a wish.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = IPAddress(parts[0]) else { return nil }
    var length = address.isIPv4 ? 32 : 128
    if parts.count == 2 {
      guard let given = decimal(parts[1]), given <= length else { return nil }
      length = given
    }
    first = address
    self.length = address.isIPv4 ? length + 96 : length
    guard first.bits & ~mask == 0 else { return nil }
  }

  /// Whether the address, in text form, lies in the block; `false` for text that is not an address.
  ///
  /// An IPv4 address is the same whether written alone or mapped into IPv6 (`::ffff:10.0.0.1`), as a server that
  /// listens on both sees it. An IPv6 block such as `::/0` holds no IPv4 address.
  package func contains(_ address: some StringProtocol) -> Bool {
    let withoutZone = address.prefix { $0 != "%" }
    guard let address = IPAddress(withoutZone) else { return false }
    return address.isIPv4 == first.isIPv4 && address.bits & mask == first.bits
  }

  /// The form that parses back to the same block.
  package var description: String { "\(first)/\(first.isIPv4 ? length - 96 : length)" }

  private var mask: UInt128 { length == 0 ? 0 : ~0 << UInt128(128 - length) }
}

/// An IPv4 or IPv6 address; IPv4 is held mapped into IPv6 (RFC 4291 §2.5.5.2), so that both spellings are equal.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
  let bits: UInt128

  /// Four decimal numbers without leading zeros, or the forms of RFC 4291 §2.2 without a zone; `nil` otherwise.
  package init?(_ text: some StringProtocol) {
    guard
      let bits = text.contains(":")
        ? Self.sixteenBytes(text) : Self.fourBytes(text).map({ 0xffff << 32 | $0 })
    else { return nil }
    self.bits = bits
  }

  package var isIPv4: Bool { bits >> 32 == 0xffff }

  /// Dotted decimal, or all eight groups of an IPv6 address in hexadecimal with its longest run of zeros as `::`.
  package var description: String {
    if isIPv4 {
      return stride(from: 24, through: 0, by: -8).map { "\(bits >> $0 & 255)" }.joined(separator: ".")
    }
    let groups = stride(from: 112, through: 0, by: -16).map { Int(bits >> $0 & 0xffff) }
    var run = 0..<0
    for start in groups.indices {
      let end = groups[start...].firstIndex { $0 != 0 } ?? groups.endIndex
      if end - start > max(run.count, 1) { run = start..<end }
    }
    func text(_ part: ArraySlice<Int>) -> String {
      part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    return run.isEmpty
      ? text(groups[...]) : "\(text(groups[..<run.lowerBound]))::\(text(groups[run.upperBound...]))"
  }

  private static func fourBytes(_ text: some StringProtocol) -> UInt128? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bits = UInt128(0)
    for part in parts {
      guard let byte = decimal(part), byte <= 255 else { return nil }
      bits = bits << 8 | UInt128(byte)
    }
    return bits
  }

  private static func sixteenBytes(_ text: some StringProtocol) -> UInt128? {
    let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
    guard halves.count <= 2, let head = groups(halves[0], mayEndInIPv4: halves.count == 1) else { return nil }
    guard halves.count == 2 else { return head.count == 8 ? joined(head) : nil }
    guard let tail = groups(halves[1], mayEndInIPv4: true), head.count + tail.count < 8 else { return nil }
    return joined(head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
  }

  private static func groups(_ text: some StringProtocol, mayEndInIPv4: Bool) -> [UInt128]? {
    if text.isEmpty { return [] }
    var groups: [UInt128] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if mayEndInIPv4, index == parts.count - 1, part.contains(".") {
        guard let last = fourBytes(part) else { return nil }
        groups += [last >> 16, last & 0xffff]
      } else {
        // UInt128 would also take a sign.
        let isGroup =
          (1...4).contains(part.utf8.count)
          && part.utf8.allSatisfy { $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }
        guard isGroup, let group = UInt128(part, radix: 16) else { return nil }
        groups.append(group)
      }
    }
    return groups.count <= 8 ? groups : nil
  }

  private static func joined(_ groups: [UInt128]) -> UInt128 { groups.reduce(0) { $0 << 16 | $1 } }
}

/// A number of at most three digits without leading zeros.
private func decimal(_ text: some StringProtocol) -> Int? {
  let digits = Array(text.utf8)
  guard (1...3).contains(digits.count), digits.count == 1 || digits[0] != UInt8(ascii: "0"),
    digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
  else { return nil }
  return Int(text)
}
