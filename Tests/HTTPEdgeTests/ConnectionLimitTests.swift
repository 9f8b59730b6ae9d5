import HTTPEdge
import Testing

struct ConnectionLimitTests {
  @Test("each client has its own number of connections, and one that ends makes room for another")
  func perClient() {
    let limit = ConnectionLimit(perAddress: 2, clientName: { $0 })
    #expect(limit.admit("a") == .admitted("a"))
    #expect(limit.admit("a") == .admitted("a"))
    #expect(limit.admit("a") == .refused)
    #expect(limit.admit("b") == .admitted("b"))
    limit.leave("a")
    #expect(limit.admit("a") == .admitted("a"))
    #expect(limit.admit("a") == .refused)
  }

  @Test("who counts as nobody is always admitted, and so is everybody without a limit")
  func unlimited() {
    let proxies = ConnectionLimit(perAddress: 1, clientName: { $0 == "proxy" ? nil : $0 })
    for _ in 0..<5 { #expect(proxies.admit("proxy") == .admitted(nil)) }
    #expect(proxies.admit(nil) == .admitted(nil))
    let off = ConnectionLimit(perAddress: 0, clientName: { $0 })
    for _ in 0..<5 { #expect(off.admit("a") == .admitted(nil)) }
  }

  @Test("only so many are told at a time that they are too many; the others are just closed")
  func refusals() {
    let limit = ConnectionLimit(perAddress: 1, clientName: { $0 })
    #expect(limit.admit("a") == .admitted("a"))
    for _ in 0..<ConnectionLimit.refusedLimit { #expect(limit.admit("a") == .refused) }
    #expect(limit.admit("a") == .dropped)
    limit.leaveRefused()
    #expect(limit.admit("a") == .refused)
  }
}
