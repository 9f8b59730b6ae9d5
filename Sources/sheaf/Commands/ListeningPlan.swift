import Foundation
import GatewayConfiguration
import HTTPEdge
import Logging
import Platform
import ServiceLifecycle
import UnixSignals

/// Where the server will listen, and what it shows there; made before anything else is touched.
struct ListeningPlan: Sendable {
  let addresses: [ListenerAddress]
  let tls: TLSIdentity?

  /// - Throws: `CommandFailure` with one line when it cannot be.
  init(_ settings: Settings) throws(CommandFailure) {
    tls = try Self.identity(settings)
    do {
      let handedOver = try ServiceManager.listeningSockets(ProcessInfo.processInfo.environment)
      if !handedOver.isEmpty {
        for socket in handedOver { try Self.requireLoopback(socket.host, settings) }
        addresses = handedOver.map {
          .inherited(descriptor: $0.descriptor, name: $0.name, isTCP: $0.host != nil)
        }
      } else if let path = settings.unixSocket {
        try UnixSocket.check(path)
        addresses = [.unix(path: path)]
      } else {
        try Self.requireLoopback(settings.host, settings)
        try PortProbe.check(host: settings.host, port: settings.port)
        addresses = [.tcp(host: settings.host, port: settings.port)]
      }
    } catch let error as CommandFailure {
      throw error
    } catch {
      throw CommandFailure("\(error)")
    }
  }

  private static func identity(_ settings: Settings) throws(CommandFailure) -> TLSIdentity? {
    switch (settings.tlsCertificate, settings.tlsKey) {
    case (nil, nil): return nil
    case (let certificate?, let key?):
      do {
        return try TLSIdentity(certificate: certificate, key: key, clock: SystemClock())
      } catch {
        throw CommandFailure("\(error)")
      }
    case (_, nil):
      throw CommandFailure("server.tlsCertificate is set and server.tlsKey is not; TLS needs both")
    case (nil, _):
      throw CommandFailure("server.tlsKey is set and server.tlsCertificate is not; TLS needs both")
    }
  }

  private static func requireLoopback(_ host: String?, _ settings: Settings) throws(CommandFailure) {
    guard let host, !settings.insecure, !LoopbackAddress.contains(host) else { return }
    throw CommandFailure(
      "host \(host) can be reached by others and there is no access control yet; "
        + "listen on 127.0.0.1 or say --insecure")
  }
}

struct ServerService: Service {
  let services: GatewayServices
  let listening: ListeningPlan

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let server = HTTPServer(services: services, addresses: listening.addresses, tls: listening.tls)
    try await withGracefulShutdownHandler {
      try await server.run { urls in
        for url in urls { StandardOutput.line(Self.readyLine(url)) }
        ServiceManager.notify("READY=1", environment)
      }
    } onGracefulShutdown: {
      ServiceManager.notify("STOPPING=1", environment)
    }
  }

  private static func readyLine(_ url: String) -> String {
    url.hasPrefix("unix:")
      ? "sheaf is ready: page /ui/upload, uploads /files/ on \(url)"
      : "sheaf is ready: page \(url)/ui/upload, uploads \(url)/files/"
  }
}

/// Reads the certificate and its key again whenever the process gets SIGHUP.
struct ReloadService: Service {
  let tls: TLSIdentity?
  let logger: Logger

  func run() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
      guard let tls else {
        logger.notice("SIGHUP: there is no certificate to read again")
        continue
      }
      do {
        try tls.reload()
        logger.notice("SIGHUP: new connections get the certificate as it is now")
      } catch {
        logger.error("SIGHUP: the certificate in use stays, because \(error)")
      }
    }
  }
}
