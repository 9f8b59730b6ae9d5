/// Whom limits per address count as one client.
package struct ClientNetworks: Sendable {
  private let trustedProxies: [CIDRBlock]

  package init(trustedProxies: [CIDRBlock]) { self.trustedProxies = trustedProxies }

  /// An IPv4 address, or the /64 of an IPv6 address, as one host has all of it.
  ///
  /// `nil` for a trusted proxy, who stands for many clients, and for what is no IP address.
  package func name(of address: String) -> String? {
    guard let parsed = IPAddress(address.prefix { $0 != "%" }),
      !trustedProxies.contains(where: { $0.contains(address) })
    else { return nil }
    return parsed.isIPv4 ? "\(parsed)" : "\(IPAddress(bits: (parsed.bits >> 64) << 64))/64"
  }
}

extension IPAddress {
  fileprivate init(bits: UInt128) { self.bits = bits }
}
