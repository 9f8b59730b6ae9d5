/// Whom limits per address count as one client.
package struct ClientNetworks: Sendable {
  /// The name of all clients together that trusted proxies do not name: leaving the name out gets nobody past a limit.
  package static let unknown = "unknown"

  private let trustedProxies: [ProxyPeer]

  package init(trustedProxies: [ProxyPeer]) { self.trustedProxies = trustedProxies }

  /// An IPv4 address, or the /64 of an IPv6 address, as one host has all of it; `unknown` is itself.
  ///
  /// `nil` for a trusted proxy, who stands for many clients, and for what is no IP address.
  package func name(of address: String) -> String? {
    if address == Self.unknown { return address }
    guard let parsed = IPAddress(address.prefix { $0 != "%" }),
      !trustedProxies.contains(peer: address)
    else { return nil }
    return parsed.isIPv4 ? "\(parsed)" : "\(IPAddress(bits: (parsed.bits >> 64) << 64))/64"
  }
}

extension IPAddress {
  fileprivate init(bits: UInt128) { self.bits = bits }
}
