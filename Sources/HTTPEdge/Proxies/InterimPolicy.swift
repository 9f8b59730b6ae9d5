import GatewayConfiguration
import HTTPTypes

/// Whether a request may get 104 responses (`server.interimResponses`).
///
/// A proxy that does not know interim responses hands the 104 to the client as the final one, and everything behind it as
/// the answer to the next request; so `auto` wants proof that there is none, or one that is named good.
package struct InterimPolicy: Sendable {
  private let mode: InterimResponses
  private let trustedProxies: [ProxyPeer]
  private let goodProxies: [ProxyPeer]

  package init(mode: InterimResponses, trustedProxies: [ProxyPeer], goodProxies: [ProxyPeer]) {
    self.mode = mode
    self.trustedProxies = trustedProxies
    self.goodProxies = goodProxies
  }

  /// - Parameter peer: what `SocketAddress.peerName` gives. With `auto`, one that is not known, or that uses a unix
  ///   socket, as proxies do, gets none unless it is named.
  ///
  /// That HTTP/1.0 clients get none at all (RFC 9110 §15.2) is for the caller, who knows the version.
  package func allows(peer: String?, headers: HTTPFields) -> Bool {
    switch mode {
    case .on: return true
    case .off: return false
    case .auto:
      if goodProxies.contains(peer: peer) { return true }
      guard let peer, peer != ProxyPeer.unixSocketName, !trustedProxies.contains(peer: peer) else {
        return false
      }
      return !PublicAddress.isForwarded(headers)
    }
  }
}
