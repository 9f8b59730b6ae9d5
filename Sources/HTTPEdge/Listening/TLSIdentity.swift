import NIOSSL
import Platform
import Vocabulary

/// The certificate chain and the private key that the server shows, as files name them; can be read again.
///
/// Connections that are open keep what they began with.
package final class TLSIdentity: Sendable {
  /// One line that names the file and what is wrong with it.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// A PEM file larger than this is something else.
  private static let maximumFileBytes = 1 << 20

  private let certificate: String
  private let key: String
  private let clock: any WallClock
  private let current: Locked<NIOSSLContext>

  /// Reads both files and checks that they fit together.
  ///
  /// - Throws: `Failure` when a file is missing, unreadable, not PEM, encrypted, expired, or of another pair.
  package init(certificate: String, key: String, clock: any WallClock) throws(Failure) {
    self.certificate = certificate
    self.key = key
    self.clock = clock
    current = Locked(try Self.context(certificate: certificate, key: key, now: clock.now()))
  }

  /// Reads both files again; connections that begin from now on get what they hold.
  ///
  /// - Throws: `Failure` as `init` does; what was there before stays.
  package func reload() throws(Failure) {
    let context = try Self.context(certificate: certificate, key: key, now: clock.now())
    current.withLock { $0 = context }
  }

  var context: NIOSSLContext { current.withLock { $0 } }

  private static func context(
    certificate: String, key: String, now: Timestamp
  ) throws(Failure) -> NIOSSLContext {
    let chain = try self.chain(certificate, now: now)
    let privateKey = try self.privateKey(key)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["h2", "http/1.1"]
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw Failure(
        description: "the key \(quoted(key)) does not belong to the certificate \(quoted(certificate))")
    }
  }

  private static func chain(_ path: String, now: Timestamp) throws(Failure) -> [NIOSSLCertificate] {
    let bytes = try read(path, "certificate")
    let chain: [NIOSSLCertificate]
    do {
      chain = try NIOSSLCertificate.fromPEMBytes(bytes)
    } catch {
      throw Failure(description: "the certificate \(quoted(path)) is not in PEM form")
    }
    guard let leaf = chain.first else {
      throw Failure(description: "the certificate \(quoted(path)) holds no certificate")
    }
    let seconds = now.milliseconds / 1000
    guard Int64(leaf.notValidAfter) > seconds else {
      throw Failure(
        description: "the certificate \(quoted(path)) expired at \(moment(Int64(leaf.notValidAfter)))")
    }
    guard Int64(leaf.notValidBefore) <= seconds else {
      throw Failure(
        description:
          "the certificate \(quoted(path)) is not valid before \(moment(Int64(leaf.notValidBefore)))")
    }
    return chain
  }

  private static func privateKey(_ path: String) throws(Failure) -> NIOSSLPrivateKey {
    let bytes = try read(path, "key")
    if String(decoding: bytes, as: UTF8.self).contains("ENCRYPTED") {
      throw Failure(description: "the key \(quoted(path)) is encrypted; store it without a passphrase")
    }
    do {
      return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
    } catch {
      throw Failure(description: "the key \(quoted(path)) is not a private key in PEM form")
    }
  }

  private static func read(_ path: String, _ what: String) throws(Failure) -> [UInt8] {
    do {
      return try SmallFile.read(path, maximumBytes: maximumFileBytes)
    } catch {
      throw Failure(description: "the \(what) \(quoted(path)) cannot be read: \(error)")
    }
  }

  private static func moment(_ seconds: Int64) -> String {
    Timestamp(milliseconds: seconds * 1000).rfc3339
  }
}
