import GatewayConfiguration
import Hummingbird
import Logging
import NIOCore

/// What a route knows of its request beside the request itself.
package struct GatewayContext: RequestContext, RemoteAddressRequestContext {
  package var coreContext: CoreRequestContextStorage
  package let remoteAddress: SocketAddress?
  package let localAddress: SocketAddress?
  /// That of the connection.
  package let eventLoop: any EventLoop

  package init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    remoteAddress = source.channel.remoteAddress
    localAddress = source.channel.localAddress
    eventLoop = source.channel.eventLoop
  }

  /// The other end of the connection, as `PublicAddress` takes it.
  var peer: String? { remoteAddress?.peerName }

  /// API bodies: a list of a million files is the largest thing anyone sends.
  package var maxUploadSize: Int { 256 << 20 }
}

extension GatewayServices {
  /// Who sent the request, for limits and lists.
  func client(of request: Request, _ context: GatewayContext) -> String? {
    PublicAddress(configured: settings.publicURL, trustedProxies: settings.trustedProxies)
      .client(headers: request.headers, peer: context.peer)
  }
}

extension SocketAddress {
  /// The IP address, or `unix` for whoever connects through a unix socket.
  var peerName: String? {
    if case .unixDomainSocket = self { return ProxyPeer.unixSocketName }
    return ipAddress
  }
}
