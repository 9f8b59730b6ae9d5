import GatewayConfiguration
import HTTPEdge
import HTTPTypes
import Testing

struct InterimPolicyTests {
  private func policy(_ mode: InterimResponses) -> InterimPolicy {
    InterimPolicy(
      mode: mode, trustedProxies: [ProxyPeer("10.0.0.0/8")!, .unixSocket],
      goodProxies: [ProxyPeer("10.0.0.7")!])
  }

  private func allows(_ mode: InterimResponses, _ peer: String?, _ field: String? = nil) throws -> Bool {
    var headers = HTTPFields()
    if let field { headers[try #require(HTTPField.Name(field))] = "x" }
    return policy(mode).allows(peer: peer, headers: headers)
  }

  @Test("auto: a direct connection gets interim responses")
  func direct() throws {
    #expect(try allows(.auto, "192.0.2.7"))
    #expect(try allows(.auto, "::1", "Host"))
  }

  @Test(
    "auto: any sign of a proxy means none",
    arguments: [
      "Forwarded", "Via", "X-Forwarded-For", "x-forwarded-proto", "X-Forwarded-Port", "X-Real-IP",
    ])
  func forwarded(field: String) throws {
    #expect(try !allows(.auto, "192.0.2.7", field))
    #expect(try allows(.auto, "10.0.0.7", field), "a proxy named good")
  }

  @Test("auto: none for a trusted proxy that is not named good, an unnamed unix socket or an unknown peer")
  func peers() throws {
    #expect(try !allows(.auto, "10.0.0.8"))
    #expect(try !allows(.auto, "unix"))
    #expect(try !allows(.auto, nil))
    let unix = InterimPolicy(mode: .auto, trustedProxies: [], goodProxies: [.unixSocket])
    #expect(unix.allows(peer: "unix", headers: [:]))
    #expect(
      !InterimPolicy(mode: .auto, trustedProxies: [], goodProxies: []).allows(peer: "unix", headers: [:]))
  }

  @Test("on and off ask nobody", arguments: ["192.0.2.7", "10.0.0.8", "10.0.0.7", "unix", nil])
  func fixed(peer: String?) throws {
    #expect(try allows(.on, peer, "Via") && !allows(.off, peer))
  }
}
