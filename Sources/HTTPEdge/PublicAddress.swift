import GatewayConfiguration
import HTTPTypes

/// How clients reach this server, and who they are, as far as it is certain.
///
/// Forwarding fields are believed of trusted proxies only. A `peer` is what `SocketAddress.peerName` gives: the IP
/// address of the other end, `unix`, or nil when it is not known, which is trusted by nobody.
package struct PublicAddress: Sendable {
  private let configured: String?
  private let trustedProxies: [ProxyPeer]

  package init(configured: String?, trustedProxies: [ProxyPeer]) {
    self.configured = configured
    self.trustedProxies = trustedProxies
  }

  /// `scheme://host[:port]` without a trailing slash, to be sent to clients: the configured public URL, or what a
  /// trusted proxy says; nil otherwise. `Host` is what the client likes and never reflected (B-28): without an origin,
  /// `Location` and links are paths, which every client resolves against the address it used.
  package func vouchedOrigin(authority: String?, headers: HTTPFields, peer: String?) -> String? {
    if let configured { return configured }
    guard trustedProxies.contains(peer: peer),
      let request = ForwardedRequest(headers, trustedProxies: trustedProxies), let scheme = request.scheme
    else { return nil }
    switch request.host {
    case .said(let host): return "\(scheme)://\(host)"
    // Proxies pass Host on unless they say another.
    case .unsaid: return authority.flatMap { Self.isPlainHost($0) ? "\(scheme)://\($0)" : nil }
    case .dubious: return nil
    }
  }

  /// What `Location` begins with: `vouchedOrigin`, or for a direct client that names this very socket, its URL; nil for a
  /// path. Not every client resolves a path, and a socket's own name is nobody's to poison.
  ///
  /// - Parameter local: address and port of this end of the connection.
  package func locationOrigin(
    authority: String?, headers: HTTPFields, peer: String?, local: (address: String, port: Int)?,
    isSecure: Bool
  ) -> String? {
    if let origin = vouchedOrigin(authority: authority, headers: headers, peer: peer) { return origin }
    guard let local, let authority else { return nil }
    let address = local.address.contains(":") ? "[\(local.address)]" : local.address
    guard ["\(address):\(local.port)", "localhost:\(local.port)"].contains(authority) else { return nil }
    return origin(authority: authority, headers: headers, peer: peer, isSecure: isSecure)
  }

  /// The origin the client seems to have used, to compare with what its browser says and for showing it to that client:
  /// `vouchedOrigin`, or the `Host` of a request that shows no sign of a proxy.
  ///
  /// - Parameter isSecure: the connection is TLS, ended here.
  package func origin(authority: String?, headers: HTTPFields, peer: String?, isSecure: Bool = false)
    -> String?
  {
    if let origin = vouchedOrigin(authority: authority, headers: headers, peer: peer) { return origin }
    guard !trustedProxies.contains(peer: peer), !Self.isForwarded(headers), let host = authority,
      Self.isPlainHost(host)
    else { return nil }
    return "\(isSecure ? "https" : "http")://\(host)"
  }

  /// Who sent the request, for limits, lists and logs: the direct peer, or whom a trusted proxy names.
  ///
  /// `ClientNetworks.unknown` when forwarding fields of a trusted proxy do not name anybody, contradict each other or
  /// are malformed, as a client can make them; the proxy itself when it says nothing.
  package func client(headers: HTTPFields, peer: String?) -> String? {
    guard trustedProxies.contains(peer: peer) else { return peer }
    return ForwardedRequest(headers, trustedProxies: trustedProxies)?.client ?? peer
  }

  /// Whether anything says that a proxy passed the request on; nothing about who says it.
  static func isForwarded(_ headers: HTTPFields) -> Bool {
    headers.contains { field in
      field.name == .forwarded || field.name == .via || field.name == .xRealIP
        || field.name.canonicalName.hasPrefix("x-forwarded-")
    }
  }

  private static func isPlainHost(_ host: String) -> Bool { !host.isEmpty && HostField.isValid(host) }
}

extension HTTPField.Name {
  static let forwarded = HTTPField.Name("Forwarded")!
  static let via = HTTPField.Name("Via")!
  static let xForwardedProto = HTTPField.Name("X-Forwarded-Proto")!
  static let xForwardedHost = HTTPField.Name("X-Forwarded-Host")!
  static let xForwardedFor = HTTPField.Name("X-Forwarded-For")!
  static let xRealIP = HTTPField.Name("X-Real-IP")!
}
