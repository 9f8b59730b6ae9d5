import HTTPEdge
import Testing
import Vocabulary

struct HostFieldTests {
  @Test(
    "one Host that is a host with an optional port has no flaw, and an empty one is for targets without an authority",
    arguments: [
      "example.org", "example.org:8773", "EXAMPLE", "a_b-c.example.", "192.0.2.7:80", "[::1]",
      "[2001:db8::7]:443",
      "", "example.org:",
    ])
  func good(host: String) {
    #expect(HostField.flaw(of: [host], isRequired: true) == nil)
    #expect(HostField.flaw(of: [host], isRequired: false) == nil)
  }

  @Test(
    "a Host that is none is a bad request",
    arguments: [
      "a b", "a/b", "a,b", "user@a", "a:b", "a:80:80", "a:123456", "[::1", "[a]", "[192.0.2.7]", "::1",
      "[::1]a",
      "[::1]:x", "http://a", "a?b", "a#b", "a\\b", "a%00b", "a\"b", "ä.example", "<a>",
      String(repeating: "a", count: 300),
    ])
  func bad(host: String) {
    #expect(HostField.flaw(of: [host], isRequired: true)?.problem == .badRequest)
    #expect(HostField.flaw(of: [host], isRequired: false)?.problem == .badRequest)
  }

  @Test("more than one Host is a bad request, also when they are equal; none is where one is required")
  func count() throws {
    #expect(HostField.flaw(of: ["a", "b"], isRequired: true)?.problem == .badRequest)
    #expect(HostField.flaw(of: ["a", "a"], isRequired: false)?.problem == .badRequest)
    #expect(HostField.flaw(of: [], isRequired: false) == nil)
    let missing = try #require(HostField.flaw(of: [], isRequired: true))
    #expect(missing.problem == .badRequest && missing.members["field"] == .text("Host"))
  }
}
