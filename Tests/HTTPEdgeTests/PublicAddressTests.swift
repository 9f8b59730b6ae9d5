import GatewayConfiguration
import HTTPEdge
import HTTPTypes
import Testing

/// Forwarding fields as they are written in a request, one line each.
private func fields(_ lines: [String]) throws -> HTTPFields {
  var fields = HTTPFields()
  for line in lines {
    let parts = line.split(separator: ":", maxSplits: 1)
    fields.append(
      HTTPField(
        name: try #require(HTTPField.Name(String(parts[0]))), value: String(parts[1].trimmingPrefix(" "))))
  }
  return fields
}

struct PublicAddressTests {
  private static let proxy = "10.0.0.1"
  private let address = PublicAddress(
    configured: nil, trustedProxies: [ProxyPeer("10.0.0.0/8")!, ProxyPeer("fd00::/8")!, .unixSocket])

  private func client(_ lines: String..., peer: String? = proxy) throws -> String? {
    address.client(headers: try fields(lines), peer: peer)
  }

  private func origin(_ lines: String..., authority: String? = "host.example", peer: String? = proxy) throws
    -> String?
  {
    address.vouchedOrigin(authority: authority, headers: try fields(lines), peer: peer)
  }

  @Test("B-28 nobody but a trusted proxy is believed, in any field")
  func untrusted() throws {
    let forged = [
      "Forwarded: for=1.2.3.4;proto=https;host=evil.example", "X-Forwarded-For: 1.2.3.4",
      "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example",
    ]
    for peer in ["192.0.2.7", nil] {
      for lines in [forged, [forged[0]], Array(forged[1...])] {
        #expect(address.client(headers: try fields(lines), peer: peer) == peer)
        for isSecure in [true, false] {
          let origin = address.origin(
            authority: "evil.example", headers: try fields(lines), peer: peer, isSecure: isSecure)
          #expect(origin == nil)
        }
        #expect(
          address.vouchedOrigin(authority: "evil.example", headers: try fields(lines), peer: peer) == nil)
      }
    }
  }

  @Test("B-28 Host of a direct request is never vouched for, and shown to that client only")
  func direct() throws {
    #expect(try origin(peer: "192.0.2.7") == nil)
    let none = HTTPFields()
    func shown(_ authority: String?, _ peer: String?, isSecure: Bool = false) -> String? {
      address.origin(authority: authority, headers: none, peer: peer, isSecure: isSecure)
    }
    #expect(shown("host.example:8773", "192.0.2.7") == "http://host.example:8773")
    #expect(shown("host.example", "192.0.2.7", isSecure: true) == "https://host.example")
    #expect(shown("[fd00::1]:80", nil) == "http://[fd00::1]:80")
    #expect(shown("a/b", "192.0.2.7") == nil && shown("", "192.0.2.7") == nil && shown(nil, nil) == nil)
    #expect(shown("host.example", Self.proxy) == nil, "a proxy that says nothing")
  }

  @Test("a configured public URL is the origin whatever anybody says")
  func configured() throws {
    let address = PublicAddress(configured: "https://files.example", trustedProxies: [.unixSocket])
    let forged = try fields(["Forwarded: for=1.2.3.4;proto=http;host=evil.example"])
    for peer in ["192.0.2.7", "unix", nil] {
      #expect(
        address.vouchedOrigin(authority: "x", headers: forged, peer: peer) == "https://files.example")
    }
  }

  @Test(
    "the client is the first address from the right that is no trusted proxy's, whatever the client put left of it",
    arguments: [
      ("192.0.2.7", "192.0.2.7"), ("1.1.1.1, 192.0.2.7", "192.0.2.7"),
      ("1.1.1.1,192.0.2.7 ,10.9.9.9", "192.0.2.7"), ("192.0.2.7:4711, 10.9.9.9:80", "192.0.2.7"),
      ("10.1.1.1, 10.2.2.2", "10.1.1.1"), ("2001:db8::7", "2001:db8::7"),
      ("[2001:db8::7]:4711, fd00::2", "2001:db8::7"), ("::ffff:192.0.2.7", "192.0.2.7"),
      ("fe80::1%eth0", "fe80::1"), ("1.1.1.1, unknown", "unknown"), ("1.1.1.1, _hidden, 10.1.1.1", "unknown"),
      ("1.1.1.1, evil.example", "unknown"), ("192.0.2.7, ", "192.0.2.7"), ("[192.0.2.7]", "unknown"),
      ("192.0.2.7:x", "unknown"), ("unix", "unknown"),
    ])
  func customaryClient(list: String, expected: String) throws {
    #expect(try client("X-Forwarded-For: \(list)") == expected)
    #expect(try client("X-Forwarded-For: \(list)", peer: "unix") == expected)
  }

  @Test(
    "Forwarded is read as RFC 7239 writes it: quoted strings, ports, brackets, unknown, obfuscated identifiers",
    arguments: [
      ("for=192.0.2.43", "192.0.2.43"), ("For=192.0.2.43;proto=http;by=203.0.113.43", "192.0.2.43"),
      (#"for="192.0.2.43:47011""#, "192.0.2.43"), (#"for="[2001:db8:cafe::17]:4711""#, "2001:db8:cafe::17"),
      (#"for="[2001:db8::17]";by="a,;=b""#, "2001:db8::17"), (#"for="192.\0.2.43""#, "192.0.2.43"),
      (#"for="192.0.2.43:_port""#, "192.0.2.43"), ("for=unknown", "unknown"), ("for=_SEVKISEK", "unknown"),
      ("for=1.1.1.1, for=192.0.2.43, for=10.1.1.1", "192.0.2.43"), ("for=1.1.1.1,proto=http", "unknown"),
      (",, for=192.0.2.43 ; proto=http ,", "192.0.2.43"), ("for=10.1.1.1", "10.1.1.1"), ("", "unknown"),
      ("for=1.1.1.1;for=192.0.2.43", "unknown"), (#"for="192.0.2.43"#, "unknown"),
      (#"for=a", for=192.0.2.43"#, "unknown"), ("for = 192.0.2.43", "unknown"), ("192.0.2.43", "unknown"),
      ("for=[2001:db8::17]", "unknown"),
    ])
  func standardClient(line: String, expected: String) throws {
    #expect(try client("Forwarded: \(line)") == expected)
  }

  @Test("lines of one field are one list, and a line the client spoilt does not spoil the proxy's")
  func severalLines() throws {
    #expect(try client("Forwarded: for=1.1.1.1", "Forwarded: for=192.0.2.7") == "192.0.2.7")
    #expect(try client("Forwarded: for=192.0.2.7", "Forwarded: for=10.2.2.2") == "192.0.2.7")
    #expect(try client(#"Forwarded: for="1.1"#, "Forwarded: for=192.0.2.7") == "192.0.2.7")
    #expect(try client(#"Forwarded: for="1.1"#, "Forwarded: for=10.2.2.2") == "unknown")
    #expect(try client("X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 192.0.2.7, 10.1.1.1") == "192.0.2.7")
  }

  @Test("a trusted proxy that says nothing is the client itself; unknown peers stay unknown")
  func silent() throws {
    #expect(try client() == Self.proxy)
    #expect(try client(peer: "unix") == "unix")
    #expect(try client(peer: nil) == nil)
    #expect(try client("Via: 1.1 proxy") == Self.proxy)
  }

  @Test("a list that is longer than any chain of proxies writes is not believed")
  func length() throws {
    let long = String(repeating: "1.1.1.1, ", count: 1000)
    #expect(try client("X-Forwarded-For: \(long) 192.0.2.7") == "unknown")
    #expect(try client("Forwarded: by=\(long.filter { $0 != " " && $0 != "," }), for=192.0.2.7") == "unknown")
    #expect(try origin("X-Forwarded-Proto: https", "X-Forwarded-For: \(long)") == nil)
  }

  @Test("the origin is what the outermost trusted proxy saw")
  func origins() throws {
    #expect(try origin("X-Forwarded-Proto: https", "X-Forwarded-Host: a.example") == "https://a.example")
    #expect(try origin("X-Forwarded-Proto: HTTPS") == "https://host.example")
    #expect(try origin("X-Forwarded-Host: a.example") == nil)
    #expect(try origin("X-Forwarded-Proto: ftp", "X-Forwarded-Host: a.example") == nil)
    #expect(try origin("X-Forwarded-Proto: https", "X-Forwarded-Host: a.example/x") == nil)
    #expect(try origin("X-Forwarded-Proto: https", "X-Forwarded-Host: x, a.example") == "https://a.example")
    #expect(
      try origin(
        "X-Forwarded-For: 192.0.2.7, 10.1.1.1", "X-Forwarded-Proto: https, http",
        "X-Forwarded-Host: a.example, inner.example") == "https://a.example")
    #expect(
      try origin(
        "X-Forwarded-For: 1.1.1.1, 192.0.2.7", "X-Forwarded-Proto: http, https",
        "X-Forwarded-Host: evil.example, a.example") == "https://a.example")
    #expect(try origin(#"Forwarded: proto=https;host="a.example:8443""#) == "https://a.example:8443")
    #expect(try origin("Forwarded: proto=https;for=192.0.2.7") == "https://host.example")
    #expect(try origin("Forwarded: proto=https;for=192.0.2.7", authority: "a b") == nil)
    #expect(
      try origin("Forwarded: for=1.1.1.1;host=evil.example, for=192.0.2.7;proto=https;host=a.example")
        == "https://a.example")
    #expect(
      try origin("Forwarded: for=192.0.2.7;proto=https;host=a.example, for=10.1.1.1;proto=http;host=b")
        == "https://a.example")
  }

  @Test(
    "Forwarded beside X-Forwarded-*: only what both say is believed, as a proxy may write one and pass the other on"
  )
  func bothKinds() throws {
    let standard = "Forwarded: for=192.0.2.7;proto=https;host=a.example"
    let same = ["X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: a.example"]
    #expect(try client(standard, same[0]) == "192.0.2.7")
    #expect(try origin(standard, same[0], same[1], same[2]) == "https://a.example")
    #expect(try client(standard, "X-Forwarded-For: 192.0.2.8") == "unknown")
    #expect(try client("Forwarded: host=evil.example", same[0]) == "unknown")
    #expect(try origin(standard, same[0], same[1]) == nil)
    #expect(try origin(standard, same[0], same[1], "X-Forwarded-Host: b.example") == nil)
    #expect(try origin(standard, same[0], "X-Forwarded-Proto: http", same[2]) == nil)
    #expect(try origin("Forwarded: host=evil.example", same[1]) == nil)
  }
}
