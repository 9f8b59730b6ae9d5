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

  private let addresses: [ListenerAddress]
  private let tls: TLSIdentity?

  /// Listens on `addresses`; those of TCP are TLS when there is an identity to show.
  package init(services: GatewayServices, addresses: [ListenerAddress], tls: TLSIdentity? = nil) {
    self.services = services
    self.addresses = addresses
    self.tls = tls
  }

  /// Runs until the surrounding task is cancelled or shut down gracefully.
  ///
  /// - Parameter onReady: called once with the addresses that are listened on, in URL form (`http://host:port`,
  ///   `https://host:port`, `unix:/path`).
  /// - Throws: what binding throws (`BindError` for an address in use), or the failure of the server.
  package func run(onReady: @escaping @Sendable ([String]) -> Void) async throws {
    let settings = services.settings
    let address = PublicAddress(configured: settings.publicURL, trustedProxies: settings.trustedProxies)
    let options = DialectOptions(
      maximumSizeBytes: settings.maximumUploadBytes == 0 ? nil : settings.maximumUploadBytes,
      maximumAppendBytes: settings.maximumAppendBytes == 0 ? nil : settings.maximumAppendBytes,
      sendsInterimToFinal: settings.interimResponses == .on,
      ownOrigins: settings.publicURL.map { [$0] } ?? [])
    let crossOrigin = CrossOrigin(
      allowed: settings.allowedOrigins, allowsCredentials: settings.allowCredentials)
    let responder = UploadResponder(
      options: options, engine: services.uploads, address: address,
      interimPolicy: InterimPolicy(
        mode: settings.interimResponses, trustedProxies: settings.trustedProxies,
        goodProxies: settings.interimProxies),
      crossOrigin: crossOrigin, clock: services.clock, entropy: services.entropy,
      log: RequestLog(services.logger))
    let events = EventFeed(services: services)
    let router = try makeRouter(address: address, crossOrigin: crossOrigin, events: events)
    let patience = Patience(
      idle: .seconds(Int64(settings.idleTimeoutSeconds)), head: .seconds(Int64(settings.headTimeoutSeconds)),
      bytesPerSecond: settings.minimumBytesPerSecond)
    let loops = LoopPool(watchInterval: patience.lookInterval)
    let clients = ClientNetworks(trustedProxies: settings.trustedProxies)
    let connection = UploadConnection(
      responder: RoutedResponses.responder(router, clock: services.clock, logger: services.logger),
      uploads: responder, loops: loops, patience: patience,
      connections: ConnectionLimit(
        perAddress: settings.maximumConnectionsPerAddress, clientName: { clients.name(of: $0) }))
    try await serve(connection, events, loops, onReady)
  }

  private func serve(
    _ connection: UploadConnection, _ events: EventFeed, _ loops: LoopPool,
    _ onReady: @Sendable ([String]) -> Void
  ) async throws {
    let services = services
    let tls = tls
    let listeners = try await Listeners.start(
      addresses, isSecure: tls != nil, maximumConnections: services.settings.maximumConnections
    ) { channel, isTCP in
      connection.setup(channel: channel, tls: isTCP ? tls?.context : nil, logger: services.logger).map { _ in
      }
    }
    onReady(listeners.urls)
    try await withGracefulShutdownHandler {
      do {
        try await listeners.untilLost()
      } catch let error as Listeners.Lost {
        guard Task.isShuttingDownGracefully else { throw error }
      }
      // The listeners end first; answers to the last requests may still be on their way.
      await loops.untilClosed()
    } onGracefulShutdown: {
      services.uploads.drain()
      services.receptions.drain()
      events.close()
      listeners.quiesce()
    }
  }

  private func makeRouter(
    address: PublicAddress, crossOrigin: CrossOrigin, events: EventFeed
  ) throws -> Router<GatewayContext> {
    let router = Router(context: GatewayContext.self, options: .autoGenerateHeadEndpoints)
    let services = services
    router.add(
      middleware: ProblemMiddleware(
        entropy: services.entropy, address: address, crossOrigin: crossOrigin,
        routes: RouteTable(try Self.routes(services)), log: RequestLog(services.logger),
        remember: { services.errors.add($0, at: services.clock.now()) }))
    try Self.add(to: router, services, events: events)
    return router
  }

  /// Path and method of everything that is routed, as the router has it: all but the uploads in front of it.
  package static func routes(_ services: GatewayServices) throws -> [(path: String, method: String)] {
    let router = Router(context: GatewayContext.self)
    try add(to: router, services, events: EventFeed(services: services))
    return router.routes.map { ($0.path.description, $0.method.rawValue) }
  }

  private static func add(
    to router: Router<GatewayContext>, _ services: GatewayServices, events: EventFeed
  ) throws {
    UploadRoutes(services: services).add(to: router)
    let resultBudget = ByteBudget(bytes: ResultText.budgetBytes)
    FormRoutes(services: services, resultBudget: resultBudget).add(to: router)
    BatchRoutes(services: services, resultBudget: resultBudget).add(to: router)
    LookupRoutes(services: services).add(to: router)
    CopyRoutes(services: services).add(to: router)
    PushRoutes(services: services).add(to: router)
    SourceRoutes(services: services).add(to: router)
    RepoRoutes(services: services).add(to: router)
    LabelRoutes(services: services).add(to: router)
    BundleRoutes(services: services).add(to: router)
    ContentRoutes(services: services).add(to: router)
    AuditRoutes(services: services).add(to: router)
    UpkeepRoutes(services: services).add(to: router)
    BrowseRoutes(services: services).add(to: router)
    StatusRoutes(services: services).add(to: router)
    MetricsRoutes(services: services).add(to: router)
    EventRoutes(services: services, feed: events).add(to: router)
    ProblemRoutes().add(to: router)
    OpenAPIRoutes().add(to: router)
    try PageRoutes(services: services).add(to: router)
  }
}
