import HummingbirdCore
import Logging
import NIOCore
import NIOExtras
import NIOPosix
import Platform

/// The listening sockets of a server and the connections they accepted.
struct Listeners: Sendable {
  private struct Listener: Sendable {
    let channel: any Channel
    let quiescing: NIOLoopBound<ServerQuiescingHelper>
    let path: String?
  }
  /// A listener ended although nobody asked it to.
  struct Lost: Error, CustomStringConvertible {
    let url: String
    var description: String { "the server does not listen on \(url) any more" }
  }

  private static let backlog: Int32 = 1024
  private let listeners: [Listener]
  /// How each is reached, in the order of the addresses: `http://host:port`, `https://host:port`, or `unix:/path`.
  let urls: [String]

  /// Listens on all addresses, or on none.
  ///
  /// - Parameters:
  ///   - maximumConnections: open at a time, for each listener.
  ///   - setup: prepares an accepted connection; true when it came by TCP.
  /// - Throws: what binding throws.
  static func start(
    _ addresses: [ListenerAddress], isSecure: Bool, maximumConnections: Int,
    setup: @escaping @Sendable (any Channel, Bool) -> EventLoopFuture<Void>
  ) async throws -> Listeners {
    var listeners: [Listener] = []
    var urls: [String] = []
    do {
      for address in addresses {
        let listener = try await listen(address, maximumConnections) { setup($0, address.isTCP) }
        listeners.append(listener)
        urls.append(url(of: address, listener.channel.localAddress, isSecure: isSecure))
      }
    } catch {
      for listener in listeners { try? await listener.channel.close() }
      throw error
    }
    return Listeners(listeners: listeners, urls: urls)
  }

  private static func listen(
    _ address: ListenerAddress, _ maximumConnections: Int,
    _ setup: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) async throws -> Listener {
    let group = MultiThreadedEventLoopGroup.singleton
    let helper = Locked<NIOLoopBound<ServerQuiescingHelper>?>(nil)
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let quiescing = ServerQuiescingHelper(group: group)
          helper.withLock { $0 = NIOLoopBound(quiescing, eventLoop: channel.eventLoop) }
          try channel.pipeline.syncOperations.addHandlers([
            AvailableConnectionsChannelHandler(maxConnections: maximumConnections),
            quiescing.makeServerChannelHandler(channel: channel),
          ])
        }
      }
      .childChannelInitializer { setup($0) }
    let channel: any Channel
    var path: String?
    switch address {
    case .tcp(let host, let port): channel = try await bootstrap.bind(host: host, port: port).get()
    case .unix(let name):
      channel = try await bootstrap.withBoundSocket(UnixSocket.listen(name)).get()
      path = name
    case .inherited(let descriptor, _, _):
      channel = try await bootstrap.withBoundSocket(descriptor).get()
    }
    guard let quiescing = helper.withLock({ $0 }) else { throw ChannelError.inappropriateOperationForState }
    return Listener(channel: channel, quiescing: quiescing, path: path)
  }

  /// Accepts nothing more, tells every connection to end once it has answered, and returns when that has begun.
  func quiesce() {
    for listener in listeners {
      listener.channel.eventLoop.execute { listener.quiescing.value.initiateShutdown(promise: nil) }
      if let path = listener.path { UnixSocket.remove(path) }
    }
  }

  /// - Throws: `Lost` when a listener ends, or `CancellationError`.
  func untilLost() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (listener, url) in zip(listeners, urls) {
        group.addTask {
          try await listener.channel.closeFuture.get()
          throw Lost(url: url)
        }
      }
      try await group.next()
      group.cancelAll()
    }
  }

  private static func url(of address: ListenerAddress, _ bound: SocketAddress?, isSecure: Bool) -> String {
    let scheme = isSecure ? "https" : "http"
    switch address {
    case .unix(let path): return "unix:\(path)"
    case .tcp(let host, let port):
      let name = host.contains(":") ? "[\(host)]" : host
      return "\(scheme)://\(name):\(bound?.port ?? port)"
    case .inherited(_, let name, let isTCP):
      guard isTCP, let host = bound?.ipAddress, let port = bound?.port else {
        return "unix:\(bound?.pathname ?? name)"
      }
      return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
  }
}
