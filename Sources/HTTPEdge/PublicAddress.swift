import GatewayConfiguration
import HTTPTypes
import Vocabulary

/// How clients reach this server, as far as it is certain.
package struct PublicAddress: Sendable {
  private let configured: String?
  private let trustedProxies: [CIDRBlock]

  package init(configured: String?, trustedProxies: [CIDRBlock]) {
    self.configured = configured
    self.trustedProxies = trustedProxies
  }

  /// `scheme://host[:port]` without a trailing slash, or nil when it is not certain.
  ///
  /// Certain are: the configured public URL; what a trusted proxy says; the `Host` of a request that shows no sign of a
  /// proxy. Forwarding fields of anybody else are never believed.
  /// `isSecure` says that the connection itself is TLS.
  package func origin(
    authority: String?, headers: HTTPFields, peer: String?, isSecure: Bool = false
  ) -> String? {
    if let configured { return configured }
    let isTrusted = peer.map { peer in trustedProxies.contains { $0.contains(peer) } } ?? false
    let isForwarded = Self.proxyFields.contains { headers[$0] != nil }
    if isForwarded {
      guard isTrusted else { return nil }
      guard let scheme = forwarded("proto", .xForwardedProto, headers), scheme == "http" || scheme == "https",
        let host = forwarded("host", .xForwardedHost, headers) ?? authority, Self.isPlainHost(host)
      else { return nil }
      return "\(scheme)://\(host)"
    }
    guard !isTrusted, let host = authority, Self.isPlainHost(host) else { return nil }
    return "\(isSecure ? "https" : "http")://\(host)"
  }

  /// Name and port only: nothing that could change the meaning of a URL or end a header line.
  static func isPlainHost(_ host: String) -> Bool {
    !host.isEmpty && host.utf8.count <= 255
      && host.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"),
          UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  private static let proxyFields: [HTTPField.Name] = [
    .forwarded, .xForwardedProto, .xForwardedHost, .xForwardedFor, .via, .xRealIP,
  ]

  private func forwarded(_ parameter: String, _ fallback: HTTPField.Name, _ headers: HTTPFields) -> String? {
    if let field = headers[.forwarded], let first = field.split(separator: ",").first {
      for pair in first.split(separator: ";") {
        let parts = pair.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " && $0 != "\"" } }
        if parts.count == 2, parts[0].lowercased() == parameter { return String(parts[1]) }
      }
    }
    return headers[fallback]?.split(separator: ",").first.map { $0.filter { $0 != " " } }
  }
}

extension HTTPField.Name {
  static let forwarded = HTTPField.Name("Forwarded")!
  static let via = HTTPField.Name("Via")!
  static let xForwardedProto = HTTPField.Name("X-Forwarded-Proto")!
  static let xForwardedHost = HTTPField.Name("X-Forwarded-Host")!
  static let xForwardedFor = HTTPField.Name("X-Forwarded-For")!
  static let xRealIP = HTTPField.Name("X-Real-IP")!
}
