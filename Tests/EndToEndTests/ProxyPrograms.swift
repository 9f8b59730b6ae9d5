import Foundation
import Glibc
import TestSupport
import Testing

/// The proxies that docs/operations has configurations for.
enum ProxyProgram: String, CaseIterable, CustomTestStringConvertible {
  case nginx, haproxy, caddy

  var testDescription: String { rawValue }

  /// Where Debian's packages put it, or the Python environment of the tests.
  var path: String? {
    let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]
    let environment = python.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
    return (["/usr/sbin", "/usr/bin", "/usr/local/bin"] + [environment].compactMap { $0 })
      .map { "\($0)/\(rawValue)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Ends the test of a proxy that is not there.
  func installed() throws -> String {
    guard let path else {
      try skip("needs \(rawValue), which is not installed; .ci/test installs it")
    }
    return path
  }

  var configuration: String {
    switch self {
    case .nginx: "nginx.conf"
    case .haproxy: "haproxy.cfg"
    case .caddy: "Caddyfile"
    }
  }

  /// What of the configuration is different in a test: ports, paths, and whom it runs as.
  func replacements(_ place: ProxyPlace) -> KeyValuePairs<String, String> {
    switch self {
    case .nginx:
      [
        "user www-data;\n": "", "/run/nginx.pid": "\(place.folder)/nginx.pid",
        "/var/log/nginx/": "\(place.folder)/", "listen 80;": "listen 127.0.0.1:\(place.port);",
        "listen 443 ssl": "listen 127.0.0.1:\(place.securePort) ssl",
        "/etc/ssl/sheaf/certificate.pem": place.certificate, "/etc/ssl/sheaf/key.pem": place.key,
        "http {\n": "http {\n"
          + ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
          .map { "\($0)_temp_path \(place.folder)/\($0);\n" }.joined(),
      ]
    case .haproxy:
      [
        "bind :80\n": "bind 127.0.0.1:\(place.port)\n", "bind :443": "bind 127.0.0.1:\(place.securePort)",
        "/etc/ssl/sheaf/certificate-and-key.pem": place.certificateAndKey,
      ]
    case .caddy:
      [
        "admin localhost:2019": "admin off\n\tdefault_bind 127.0.0.1",
        "http://files.example.org": "http://:\(place.port)",
        "https://files.example.org": "https://:\(place.securePort)",
        "/etc/ssl/sheaf/certificate.pem": place.certificate, "/etc/ssl/sheaf/key.pem": place.key,
      ]
    }
  }

  /// In the foreground, as one process that can be killed.
  func arguments(_ file: String, folder: String) -> [String] {
    switch self {
    case .nginx:
      [
        "-c", file, "-p", folder, "-e", "\(folder)/start.log", "-g", "daemon off; master_process off;",
      ]
    case .haproxy: ["-db", "-f", file]
    case .caddy: ["run", "--config", file, "--adapter", "caddyfile"]
    }
  }

  /// The lines for a gateway that listens on a unix socket, in place of those for a port.
  func withUnixSocket(_ text: String, _ socket: String) throws -> String {
    let line = try #require(
      text.split(separator: "\n").first { $0.contains("#") && $0.contains("/run/sheaf/sheaf.sock") })
    let upstream = String(try #require(text.split(separator: "\n").first { $0.contains("127.0.0.1:8773") }))
    let variant = line.replacing("In place of the line above: ", with: "").replacing("# ", with: "")
    return text.replacing(upstream, with: variant).replacing("/run/sheaf/sheaf.sock", with: socket)
  }
}

/// Ends one case of a test; said aloud, as the reason of a cancelled case is not shown.
func skip(_ reason: String) throws -> Never {
  print("skipped: \(Test.current?.displayName ?? "a test") \(reason)")
  try Test.cancel("\(reason)")
}

/// Where a proxy of a test listens, and what it needs to.
struct ProxyPlace {
  let folder: String
  let port: Int
  let securePort: Int
  var certificate: String { "\(folder)/certificate.pem" }
  var key: String { "\(folder)/key.pem" }
  var certificateAndKey: String { "\(folder)/certificate-and-key.pem" }

  init() throws {
    folder = NSTemporaryDirectory() + "sheaf-proxy-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let ports = try Self.freePorts(2)
    (port, securePort) = (ports[0], ports[1])
    let made = try runProgram(
      "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=localhost", "-keyout", key, "-out", certificate,
      ])
    try #require(made.status == 0, "\(made.errors)")
    let both = try [certificate, key].map { try String(contentsOfFile: $0, encoding: .utf8) }
    try both.joined().write(toFile: certificateAndKey, atomically: true, encoding: .utf8)
  }

  /// Ports that were free a moment ago; all are held until all are known, so that they differ.
  private static func freePorts(_ count: Int) throws -> [Int] {
    let sockets = (0..<count).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
    defer { for socket in sockets { close(socket) } }
    return try sockets.map { socket in
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let status = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0
        }
      }
      try #require(status)
      return Int(in_port_t(bigEndian: address.sin_port))
    }
  }
}
