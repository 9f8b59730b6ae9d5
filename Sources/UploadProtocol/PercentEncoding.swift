import Vocabulary

/// Percent-encoding of URLs (RFC 3986 §2.1) and of extended parameters (RFC 8187 §3.2.1).
package enum PercentEncoding {
  /// The bytes that the text stands for, decoded once; `nil` when a `%` is not followed by two hexadecimal digits.
  package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    var bytes = [UInt8]()
    var rest = text[...]
    while let byte = rest.first {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        rest = rest.dropFirst()
        continue
      }
      let digits = rest.dropFirst().prefix(2)
      guard digits.count == 2,
        let value = Hexadecimal.decode(String(decoding: Array(digits), as: UTF8.self))?.first
      else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(3)
    }
    return bytes
  }
}
