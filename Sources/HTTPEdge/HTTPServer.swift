import GatewayConfiguration
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Platform
import ServiceLifecycle
import UploadProtocol
import Uploads
import Vocabulary

/// The gateway's HTTP server: uploads in front, everything else routed.
package struct HTTPServer: Sendable {
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  /// Runs until the surrounding task is cancelled or shut down gracefully.
  ///
  /// - Parameter onReady: called once with the address that is listened on, in URL form (`http://host:port`).
  /// - Throws: what binding throws (`BindError` for an address in use), or the failure of the server.
  package func run(onReady: @escaping @Sendable (String) -> Void) async throws {
    let settings = services.settings
    let address = PublicAddress(configured: settings.publicURL, trustedProxies: settings.trustedProxies)
    let options = DialectOptions(
      maximumSizeBytes: settings.maximumUploadBytes == 0 ? nil : settings.maximumUploadBytes)
    let responder = UploadResponder(
      dialect: TusDialect(options: options), options: options, clock: services.clock,
      engine: services.uploads, address: address, entropy: services.entropy, logger: services.logger)
    let events = EventFeed(services: services)
    let router = try makeRouter(address: address, events: events)
    let patience = Patience(
      idle: .seconds(Int64(settings.idleTimeoutSeconds)), head: .seconds(Int64(settings.headTimeoutSeconds)),
      bytesPerSecond: settings.minimumBytesPerSecond)
    let loops = LoopPool(watchInterval: patience.lookInterval)
    let clients = ClientNetworks(trustedProxies: settings.trustedProxies)
    let connections = ConnectionLimit(
      perAddress: settings.maximumConnectionsPerAddress, clientName: { clients.name(of: $0) })
    let application = Application(
      router: router,
      server: HTTPServerBuilder { routed in
        UploadConnection(
          responder: routed, uploads: responder, loops: loops, patience: patience, connections: connections)
      },
      configuration: .init(
        address: .hostname(settings.host, port: settings.port), serverName: nil, backlog: 1024,
        availableConnectionsDelegate: MaximumAvailableConnections(settings.maximumConnections)),
      onServerRunning: { channel in
        onReady(Self.url(of: channel.localAddress, host: settings.host))
      },
      logger: services.logger)
    try await withGracefulShutdownHandler {
      try await application.run()
      // It ends with the listener; answers to the last requests may still be on their way.
      await loops.untilClosed()
    } onGracefulShutdown: {
      services.uploads.drain()
      events.close()
    }
  }

  private func makeRouter(address: PublicAddress, events: EventFeed) throws -> Router<GatewayContext> {
    let router = Router(context: GatewayContext.self)
    let services = services
    router.add(
      middleware: ProblemMiddleware(
        entropy: services.entropy, address: address,
        report: { line in
          services.errors.add(line, at: services.clock.now())
          services.logger.error("\(line)")
        }))
    UploadRoutes(services: services).add(to: router)
    FormRoutes(services: services).add(to: router)
    BatchRoutes(services: services).add(to: router)
    PushRoutes(services: services).add(to: router)
    RepoRoutes(services: services).add(to: router)
    BundleRoutes(services: services).add(to: router)
    StatusRoutes(services: services).add(to: router)
    EventRoutes(services: services, feed: events).add(to: router)
    try PageRoutes(services: services).add(to: router)
    return router
  }

  private static func url(of address: SocketAddress?, host: String) -> String {
    let name = host.contains(":") ? "[\(host)]" : host
    return "http://\(name):\(address?.port ?? 0)"
  }
}
