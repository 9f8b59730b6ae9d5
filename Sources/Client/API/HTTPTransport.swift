import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
import Vocabulary

/// How requests reach the server; a seam, so that tests can answer as any server might.
package protocol HTTPTransport: Sendable {
  /// One request; the answer's body may still be on its way when this returns.
  func execute(_ request: HTTPClientRequest) async throws -> HTTPClientResponse
  /// Ends all connections; nothing is executed afterwards.
  func shutdown() async
}

/// Pooled HTTP/1.1 connections: TCP, TLS for `https:`, a Unix domain socket for `http+unix:`.
struct PooledTransport: HTTPTransport {
  private let client: HTTPClient

  /// - Parameter answer: the longest wait for a part of the answer, from the end of the request on.
  init(connections: Int, answer: TimeAmount, trust: ServerTrust) {
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    configuration.timeout.connect = .seconds(10)
    configuration.timeout.read = answer
    // A transfer that moves nothing for this long is stalled: better to connect anew (J-9).
    configuration.timeout.write = .seconds(20)
    configuration.httpVersion = .http1Only
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(8, connections)
    // The engine counts and reports retries; the pool would hide a refused connection behind its own.
    configuration.connectionPool.retryConnectionEstablishment = false
    if !trust.certificates.isEmpty {
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.additionalTrustRoots = [.certificates(trust.certificates)]
      configuration.tlsConfiguration = tls
    }
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  func execute(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
    try await client.execute(request, deadline: .distantFuture)
  }

  func shutdown() async {
    // There is nothing left to lose: every request has ended, one way or the other.
    do { try await client.shutdown() } catch {}
  }
}

/// Whose certificates are believed at `https:` addresses: the machine's roots, and those that the user names.
package struct ServerTrust: Sendable {
  /// The machine's roots alone.
  package static let system = ServerTrust(certificates: [])
  let certificates: [NIOSSLCertificate]

  /// Why a file cannot be trusted; one sentence for the person who named it.
  package struct Flaw: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  private init(certificates: [NIOSSLCertificate]) { self.certificates = certificates }

  /// The machine's roots and the certificates of a PEM file.
  package init(certificateFile path: String) throws(Flaw) {
    let found: [NIOSSLCertificate]
    do { found = try NIOSSLCertificate.fromPEMFile(path) } catch {
      throw Flaw(description: "the certificate file \(quoted(path)) cannot be read as PEM")
    }
    guard !found.isEmpty else {
      throw Flaw(description: "the certificate file \(quoted(path)) has no certificate")
    }
    self.init(certificates: found)
  }
}
