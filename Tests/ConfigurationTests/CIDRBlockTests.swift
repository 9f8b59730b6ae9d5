import GatewayConfiguration
import Testing

@Suite("CIDR blocks")
struct CIDRBlockTests {
  @Test(
    "a block reads back from its canonical form",
    arguments: [
      ("10.0.0.0/8", "10.0.0.0/8"), ("0.0.0.0/0", "0.0.0.0/0"), ("127.0.0.1", "127.0.0.1/32"),
      ("::/0", "::/0"),
      ("::1", "::1/128"), ("FD00::/8", "fd00::/8"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1/128"),
      ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8/128"), ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8/128"),
      ("1::", "1::/128"),
      ("::ffff:10.0.0.0", "10.0.0.0/32"), ("64:ff9b::10.1.2.3", "64:ff9b::a01:203/128"),
      ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0/128"),
    ])
  func canonical(text: String, canonical: String) throws {
    let block = try #require(CIDRBlock(text))
    #expect(block.description == canonical)
    #expect(CIDRBlock(canonical) == block)
  }

  @Test(
    "anything else is refused",
    arguments: [
      "", "/", "/8", "10", "10.0.0/8", "10.0.0.0.0", "10.0.0.256", "010.0.0.0/8", "10.0.0.0/", "10.0.0.0/33",
      "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.1/8", "10.0.0.0 /8", " 10.0.0.0/8",
      "::/129",
      "fd00::1/8", ":::", "1::2::3", "::1::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4::5:6:7:8",
      "12345::", "g::",
      "+1::", "-1::", ":1", "1:", "1.2.3.4::", "::1.2.3.4:5", "[::1]", "fe80::1%eth0", "::ffff:10.0.0.0/200",
      "١.0.0.0",
      "example.com", "*",
    ])
  func refused(text: String) {
    #expect(CIDRBlock(text) == nil)
  }

  @Test(
    "a block contains its first and last address and no neighbour",
    arguments: [
      ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]),
      ("192.168.4.0/22", ["192.168.4.0", "192.168.7.255"], ["192.168.3.255", "192.168.8.0"]),
      ("127.0.0.1", ["127.0.0.1"], ["127.0.0.0", "127.0.0.2"]),
      ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::", "::1"]),
      ("::/0", ["::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["127.0.0.1"]),
      ("fd00::/8", ["fd00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["fcff::", "fe00::"]),
      ("2001:db8::/33", ["2001:db8::", "2001:db8:7fff::1"], ["2001:db8:8000::", "2001:db7::"]),
      ("::1", ["::1", "0:0:0:0:0:0:0:1"], ["::", "::2"]),
    ])
  func contains(text: String, inside: [String], outside: [String]) throws {
    let block = try #require(CIDRBlock(text))
    for address in inside { #expect(block.contains(address), "\(address)") }
    for address in outside { #expect(!block.contains(address), "\(address)") }
  }

  @Test("an IPv4 peer is the same address when it comes through an IPv6 socket")
  func mapped() throws {
    let block = try #require(CIDRBlock("10.0.0.0/8"))
    #expect(block.contains("::ffff:10.1.2.3"))
    #expect(block.contains("::ffff:a01:203"))
    #expect(!block.contains("::10.1.2.3"))
  }

  @Test("the zone of a link-local peer does not matter")
  func zone() throws {
    #expect(try #require(CIDRBlock("fe80::/10")).contains("fe80::1%eth0"))
  }

  @Test(
    "what is not an address is in no block", arguments: ["", "x", "10.0.0.0/8", "10.0.0.1:80", "unknown"])
  func noAddress(text: String) throws {
    #expect(try !#require(CIDRBlock("0.0.0.0/0")).contains(text))
    #expect(try !#require(CIDRBlock("::/0")).contains(text))
  }
}
