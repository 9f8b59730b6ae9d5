import Foundation
import TestSupport
import Testing

/// Certificates of `localhost` that openssl makes, in a folder of their own.
final class Certificates {
  let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "sheaf-tls-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// Makes `name.pem` and `name.key`; a certificate of less than no days has expired.
  func make(_ name: String, days: Int = 2) throws {
    try openssl([
      "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
      "-subj", "/CN=\(name)", "-keyout", path("\(name).key"), "-out", path("\(name).csr"),
    ])
    try Data("subjectAltName=DNS:localhost,IP:127.0.0.1".utf8)
      .write(to: URL(fileURLWithPath: path("names")))
    try openssl([
      "x509", "-req", "-in", path("\(name).csr"), "-signkey", path("\(name).key"), "-days", String(days),
      "-extfile", path("names"), "-out", path("\(name).pem"),
    ])
  }

  func encryptKey(_ name: String, as target: String) throws {
    try openssl([
      "pkcs8", "-topk8", "-in", path("\(name).key"), "-out", path("\(target).key"), "-passout", "pass:x",
    ])
  }

  /// The subject that a server on the port shows.
  static func subject(port: Int) throws -> String {
    let shown = try runProgram(
      "/usr/bin/openssl", ["s_client", "-connect", "127.0.0.1:\(port)", "-servername", "localhost"])
    return shown.output.firstMatch(of: /subject=\s*CN\s*=\s*(\w+)/).map { String($0.1) } ?? shown.errors
  }

  func flags(_ name: String) -> [String] {
    ["--tls-certificate", path("\(name).pem"), "--tls-key", path("\(name).key")]
  }

  private func openssl(_ arguments: [String]) throws {
    let result = try runProgram("/usr/bin/openssl", arguments)
    try #require(result.status == 0, "\(result.errors)")
  }
}
