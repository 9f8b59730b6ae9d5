import GatewayConfiguration
import Testing

struct ClientNetworksTests {
  private let networks = ClientNetworks(trustedProxies: [ProxyPeer("10.0.0.0/8")!, ProxyPeer("::1")!])

  @Test("an IPv4 address is a client of its own, however it is written")
  func addresses() {
    #expect(networks.name(of: "192.0.2.7") == "192.0.2.7")
    #expect(networks.name(of: "::ffff:192.0.2.7") == "192.0.2.7")
    #expect(networks.name(of: "192.0.2.8") == "192.0.2.8")
  }

  @Test("an IPv6 network of 64 bits is one client: one host can use any address of it")
  func networks64() {
    #expect(networks.name(of: "2001:db8:1:2::3") == "2001:db8:1:2::/64")
    #expect(networks.name(of: "2001:db8:1:2:ffff:ffff:ffff:ffff") == "2001:db8:1:2::/64")
    #expect(networks.name(of: "2001:db8:1:3::3") == "2001:db8:1:3::/64")
    #expect(networks.name(of: "fe80::1%eth0") == "fe80::/64")
  }

  @Test("trusted proxies and what is no address are nobody")
  func nobody() {
    #expect(networks.name(of: "10.1.2.3") == nil)
    #expect(networks.name(of: "::ffff:10.1.2.3") == nil)
    #expect(networks.name(of: "::1") == nil)
    #expect(networks.name(of: "/run/socket") == nil)
    #expect(networks.name(of: "") == nil)
    #expect(networks.name(of: "unix") == nil)
  }

  @Test("whoever a trusted proxy does not name is one client together with all others of that kind")
  func unnamed() { #expect(networks.name(of: ClientNetworks.unknown) == ClientNetworks.unknown) }
}
