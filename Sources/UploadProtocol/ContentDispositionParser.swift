import Vocabulary

/// Reads the file name in `Content-Disposition` (RFC 6266, RFC 8187).
package enum ContentDispositionParser {
  /// The name, `filename*` before `filename`; `nil` when there is none that can be read.
  ///
  /// The name is untrusted: it may have slashes, control characters, anything.
  package static func filename(_ text: String) -> String? {
    var rest = Array(text.utf8)[...]
    rest = rest.drop { $0 != UInt8(ascii: ";") }
    var plain: String?
    var extended: String?
    while rest.popFirst() != nil {
      guard let (name, value) = parameter(&rest) else { return nil }
      switch name {
      case "filename*" where extended == nil: extended = decodeExtended(value)
      case "filename" where plain == nil: plain = String(validating: value, as: UTF8.self)
      default: break
      }
      rest = rest.drop { $0 != UInt8(ascii: ";") }
    }
    return [extended, plain].compactMap(\.self).first { !$0.isEmpty }
  }

  /// Takes `name = value` off the front, up to what follows it.
  private static func parameter(_ rest: inout ArraySlice<UInt8>) -> (name: String, value: [UInt8])? {
    skipBlanks(&rest)
    if rest.isEmpty { return ("", []) }
    let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") }
    rest = rest.dropFirst(name.count)
    guard rest.popFirst() == UInt8(ascii: "=") else { return nil }
    skipBlanks(&rest)
    guard let value = rest.first == UInt8(ascii: "\"") ? quotedString(&rest) : token(&rest) else {
      return nil
    }
    let trimmedName = trimmed(Substring(decoding: name, as: UTF8.self)).lowercased()
    return (trimmedName, value)
  }

  private static func quotedString(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    rest.removeFirst()
    var value = [UInt8]()
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return value
      case UInt8(ascii: "\\"):
        guard let escaped = rest.popFirst() else { return nil }
        value.append(escaped)
      default: value.append(byte)
      }
    }
    return nil
  }

  private static func token(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    var value = rest.prefix { $0 != UInt8(ascii: ";") }
    rest = rest.dropFirst(value.count)
    while let last = value.last, isBlank(last) { value.removeLast() }
    return value.isEmpty ? nil : Array(value)
  }

  /// `charset'language'percent-encoded` (RFC 8187 §3.2).
  private static func decodeExtended(_ value: [UInt8]) -> String? {
    let parts = value.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let bytes = PercentEncoding.decode(parts[2]) else { return nil }
    switch String(decoding: Array(parts[0]), as: UTF8.self).lowercased() {
    case "utf-8": return String(validating: bytes, as: UTF8.self)
    case "iso-8859-1": return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    default: return nil
    }
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  private static func skipBlanks(_ rest: inout ArraySlice<UInt8>) { rest = rest.drop(while: isBlank) }
}
