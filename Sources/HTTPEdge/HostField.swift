import GatewayConfiguration
import Vocabulary

/// The `Host` field of a request (RFC 9110 §7.2, RFC 9112 §3.2).
package enum HostField {
  /// What is wrong with the values of all lines of it, nil when nothing is: `bad-request` when there is none although
  /// one is required, when there is more than one, or when it is no host with an optional port.
  ///
  /// - Parameter isRequired: HTTP/1.1 requires one; HTTP/1.0 does not, nor does HTTP/2, which has `:authority`.
  package static func flaw(of lines: [String], isRequired: Bool) -> ProblemError? {
    switch lines.count {
    case 0: return isRequired ? problem("the request has no Host; HTTP/1.1 requires one") : nil
    case 1:
      return isValid(lines[0])
        ? nil : problem("Host \(quoted(lines[0])) is no host name or address with an optional port")
    default: return problem("the request has \(lines.count) Host fields; there may be one")
    }
  }

  /// `uri-host [ ":" port ]`. The host may be empty, for a target without an authority. Of the characters that RFC 3986
  /// §3.2.2 allows in a name, only those that names have: nothing that could change the meaning of a URL.
  package static func isValid(_ value: String) -> Bool {
    let bytes = value.utf8
    guard bytes.count <= maximumBytes else { return false }
    guard bytes.first == UInt8(ascii: "[") else {
      let name = value.prefix { $0 != ":" }
      return name.utf8.allSatisfy(isNameByte) && isPort(value[name.endIndex...])
    }
    guard let end = value.firstIndex(of: "]") else { return false }
    let address = value[..<end].dropFirst()
    return address.contains(":") && IPAddress(address) != nil && isPort(value[end...].dropFirst())
  }

  /// A host name has at most 253; this leaves room for a port.
  private static let maximumBytes = 261

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// Nothing, or a colon and at most a port's digits: RFC 3986 allows a colon alone.
  private static func isPort(_ text: Substring) -> Bool {
    guard let colon = text.utf8.first else { return true }
    let digits = text.utf8.dropFirst()
    return colon == UInt8(ascii: ":") && digits.count <= 5
      && digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
  }

  private static func problem(_ detail: String) -> ProblemError {
    ProblemError(.badRequest, detail: detail, members: ["field": .text("Host")])
  }
}
