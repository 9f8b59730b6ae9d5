import HTTPTypes
import Vocabulary

/// A header value with parameters, `value; name=token; name="quoted"`, in bytes that may be anything.
struct HeaderParameters {
  /// In lower case.
  let value: String
  private var parameters: [String: [UInt8]] = [:]

  /// nil when it is malformed, or has a parameter twice.
  init?(_ bytes: ArraySlice<UInt8>) {
    let head = bytes.prefix { $0 != UInt8(ascii: ";") }
    value = String(decoding: Self.trimmed(head), as: UTF8.self).lowercased()
    var rest = bytes[head.endIndex...]
    while rest.popFirst() != nil {
      rest = rest.drop { Self.isBlank($0) }
      if rest.isEmpty { break }
      let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") }
      rest = rest[name.endIndex...]
      guard rest.popFirst() == UInt8(ascii: "="), !name.isEmpty,
        let value = rest.first == UInt8(ascii: "\"") ? Self.quoted(&rest) : Self.token(&rest)
      else { return nil }
      rest = rest.drop { Self.isBlank($0) }
      guard rest.isEmpty || rest.first == UInt8(ascii: ";") else { return nil }
      let key = String(decoding: name, as: UTF8.self).lowercased()
      guard parameters.updateValue(value, forKey: key) == nil else { return nil }
    }
  }

  /// The parameter with this name in lower case.
  subscript(name: String) -> [UInt8]? { parameters[name] }

  private static func token(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    let token = rest.prefix { $0 != UInt8(ascii: ";") }
    rest = rest[token.endIndex...]
    let text = trimmed(token)
    return text.contains { isBlank($0) || $0 == UInt8(ascii: "\"") } ? nil : Array(text)
  }

  /// A backslash escapes a quotation mark or a backslash; any other is itself, as in a path of Windows.
  private static func quoted(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    var text: [UInt8] = []
    rest = rest.dropFirst()
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\"") { return text }
      let isEscape =
        byte == UInt8(ascii: "\\") && (rest.first == UInt8(ascii: "\"") || rest.first == UInt8(ascii: "\\"))
      if isEscape, let escaped = rest.popFirst() { text.append(escaped) } else { text.append(byte) }
    }
    return nil
  }

  static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes = bytes.drop { isBlank($0) }
    while let last = bytes.last, isBlank(last) { bytes.removeLast() }
    return bytes
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

/// The boundary of a form (RFC 2046 §5.1.1).
package enum MultipartBoundary {
  package static let mediaType = "multipart/form-data"
  package static let maximumBytes = 70

  /// Reads it from a `Content-Type` of `multipart/form-data`.
  ///
  /// - Throws: `ProblemError` with `bad-header`: 1 to 70 characters of the allowed ones, the last no space.
  package static func parse(_ contentType: String) throws(ProblemError) -> [UInt8] {
    guard let parameters = HeaderParameters(Array(contentType.utf8)[...]),
      let boundary = parameters["boundary"]
    else {
      throw badHeader(.contentType, "\(quoted(contentType)) has no boundary parameter, or has it twice")
    }
    guard (1...maximumBytes).contains(boundary.count), boundary.last != 0x20, boundary.allSatisfy(isAllowed)
    else {
      throw badHeader(
        .contentType,
        "has the boundary \(quoted(String(decoding: boundary, as: UTF8.self))); it must be 1 to \(maximumBytes) characters of RFC 2046"
      )
    }
    return boundary
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "'()+_,-./:=? ".utf8.contains(byte)
    }
  }
}
