import GatewayConfiguration
import Testing

struct ProxyPeerTests {
  @Test("a block means its addresses, and nobody on a unix socket")
  func network() throws {
    let block = try #require(ProxyPeer("10.0.0.0/8"))
    #expect(block.contains("10.1.2.3") && block.contains("::ffff:10.1.2.3"))
    #expect(!block.contains("11.0.0.1") && !block.contains("unix") && !block.contains(nil))
    #expect(try !#require(ProxyPeer("0.0.0.0/0")).contains("unix"))
  }

  @Test("the word unix means the peers of unix sockets, and no peer whose address is not known")
  func unixSocket() throws {
    let unix = try #require(ProxyPeer("unix"))
    #expect(unix == .unixSocket && unix.description == "unix")
    #expect(unix.contains("unix"))
    #expect(!unix.contains("127.0.0.1") && !unix.contains("") && !unix.contains(nil))
  }

  @Test("nothing else is a peer", arguments: ["", "Unix", "unix:", "unix/8", "/run/sheaf.sock", "localhost"])
  func others(text: String) { #expect(ProxyPeer(text) == nil) }

  @Test("a list means what any of it means")
  func list() {
    let peers: [ProxyPeer] = [.network(CIDRBlock("::1")!), .unixSocket]
    #expect(peers.contains(peer: "::1") && peers.contains(peer: "unix"))
    #expect(!peers.contains(peer: "127.0.0.1") && !peers.contains(peer: nil))
    #expect(![ProxyPeer]().contains(peer: "unix"))
  }
}
