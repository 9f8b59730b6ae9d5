import GatewayConfiguration

/// What one proxy says of the request as it got it (RFC 7239 §4, §5). Values are as they were sent, unquoted.
struct ForwardedElement: Equatable {
  /// `for`: an address, `unknown` or an obfuscated identifier.
  var node: String?
  /// `proto`
  var scheme: String?
  var host: String?

  /// The elements of a field line in order; nil when the line is not well-formed.
  ///
  /// Empty elements of the list are skipped (RFC 9110 §5.6.1.2), blanks around `;` and `,` are allowed, parameters
  /// beside these three ignored. A parameter that an element has twice makes the line malformed.
  static func parse(_ line: String) -> [ForwardedElement]? {
    var scan = Scan(rest: Array(line.utf8)[...])
    var elements: [ForwardedElement] = []
    while true {
      guard let pairs = scan.pairs() else { return nil }
      if !pairs.isEmpty {
        guard let element = ForwardedElement(pairs) else { return nil }
        elements.append(element)
      }
      if scan.rest.isEmpty { return elements }
      guard scan.take(UInt8(ascii: ",")) else { return nil }
    }
  }

  init(node: String? = nil, scheme: String? = nil, host: String? = nil) {
    self.node = node
    self.scheme = scheme
    self.host = host
  }

  private init?(_ pairs: [(name: String, value: String)]) {
    guard Set(pairs.map(\.name)).count == pairs.count else { return nil }
    for (name, value) in pairs {
      switch name {
      case "for": node = value
      case "proto": scheme = value
      case "host": host = value
      default: break
      }
    }
  }
}

/// Reads the grammar of RFC 7239 §4 from the left.
private struct Scan {
  var rest: ArraySlice<UInt8>

  mutating func take(_ byte: UInt8) -> Bool {
    guard rest.first == byte else { return false }
    rest.removeFirst()
    return true
  }

  /// `[ forwarded-pair ] *( ";" [ forwarded-pair ] )`, names in lower case.
  mutating func pairs() -> [(name: String, value: String)]? {
    var pairs: [(String, String)] = []
    repeat {
      skipBlanks()
      if let name = token() {
        guard take(UInt8(ascii: "=")), let value = rest.first == UInt8(ascii: "\"") ? quoted() : token()
        else { return nil }
        pairs.append((name.lowercased(), value))
        skipBlanks()
      }
    } while take(UInt8(ascii: ";"))
    return pairs
  }

  private mutating func skipBlanks() {
    rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
  }

  private mutating func token() -> String? {
    let token = rest.prefix { Self.isTokenByte($0) }
    rest = rest.dropFirst(token.count)
    return token.isEmpty ? nil : String(decoding: token, as: UTF8.self)
  }

  private mutating func quoted() -> String? {
    rest.removeFirst()
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return String(validating: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let escaped = rest.popFirst() else { return nil }
        bytes.append(escaped)
      default: bytes.append(byte)
      }
    }
    return nil
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

/// The text form of the address that a node names (RFC 7239 §6), with or without a port; nil for `unknown`, for an
/// obfuscated identifier, and for what is neither.
///
/// An IPv6 address without brackets is taken too: `X-Forwarded-For` has no grammar, and proxies write it so.
func addressOfNode(_ node: some StringProtocol) -> String? {
  if node.first == "[" {
    guard let end = node.firstIndex(of: "]"), isPort(node[node.index(after: end)...]) else { return nil }
    guard let address = IPAddress(node[node.index(after: node.startIndex)..<end]), node.contains(":") else {
      return nil
    }
    return address.description
  }
  if let address = IPAddress(node.prefix { $0 != "%" }) { return address.description }
  guard let colon = node.firstIndex(of: ":"), isPort(node[colon...]) else { return nil }
  return IPAddress(node[..<colon])?.description
}

/// Empty, or a colon and a port: digits, or an obfuscated identifier.
private func isPort(_ text: some StringProtocol) -> Bool {
  guard let colon = text.utf8.first else { return true }
  let port = text.utf8.dropFirst()
  guard colon == UInt8(ascii: ":"), let first = port.first, port.count <= 64 else { return false }
  let isObfuscated = first == UInt8(ascii: "_")
  return port.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."),
      UInt8(ascii: "_"), UInt8(ascii: "-"):
      isObfuscated
    default: false
    }
  }
}
