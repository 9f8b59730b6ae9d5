/// A time-sortable id: a UUIDv7 (RFC 9562 §5.7) written as 26 lower-case Crockford base 32 characters.
///
/// `Kind` keeps ids of different things apart at compile time. An id names a thing; it is never a secret.
package struct Identifier<Kind>: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let text: String

  /// Parses 26 characters of lower-case Crockford base 32 whose first is `0`…`7` (128 bits); `nil` otherwise.
  package init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count == 26, bytes[0] <= UInt8(ascii: "7"), bytes.allSatisfy(Crockford.alphabet.contains)
    else { return nil }
    self.text = String(text)
  }

  /// Makes an id from milliseconds since 1970 and ten random bytes.
  ///
  /// - Precondition: `random` has at least 10 bytes.
  package init(milliseconds: Int64, random: [UInt8]) {
    precondition(random.count >= 10, "an id needs ten random bytes")
    let time = UInt64(bitPattern: milliseconds) & 0xffff_ffff_ffff
    var high = time << 16 | 0x7000
    high |= UInt64(random[0] & 0x0f) << 8 | UInt64(random[1])
    var low = UInt64(0x80 | (random[2] & 0x3f))
    for byte in random[3..<10] { low = low << 8 | UInt64(byte) }
    text = Crockford.encode(high: high, low: low)
  }

  package var description: String { text }
  package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

package enum UploadKind {}
package enum PushKind {}
package enum BundleKind {}
package enum PackKind {}
package typealias UploadID = Identifier<UploadKind>
package typealias PushID = Identifier<PushKind>
package typealias BundleID = Identifier<BundleKind>
package typealias PackID = Identifier<PackKind>

/// Crockford's base 32 (https://www.crockford.com/base32.html), lower case, without check symbols.
enum Crockford {
  static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  static func encode(high: UInt64, low: UInt64) -> String {
    var characters = [UInt8](repeating: 0, count: 26)
    var high = high
    var low = low
    for index in stride(from: 25, through: 0, by: -1) {
      characters[index] = alphabet[Int(low & 31)]
      low = low >> 5 | high << 59
      high >>= 5
    }
    return String(decoding: characters, as: UTF8.self)
  }
}
