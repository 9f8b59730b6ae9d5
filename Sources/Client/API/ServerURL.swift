import Foundation

/// Where a gateway answers: scheme, host, port and an optional path prefix; or a Unix domain socket.
package struct ServerURL: Hashable, Sendable, CustomStringConvertible {
  /// Without a trailing slash; a socket as `http+unix://` with its path percent-encoded in the host's place.
  package let text: String
  /// The path of the Unix domain socket; nil when the server is reached over a network.
  package let socketPath: String?

  /// Longest path of a socket in bytes: `sun_path` of unix(7) without its final zero.
  private static let mostSocketPathBytes = 107

  /// Why a text is no server URL; one sentence for the person who gave it.
  package struct Flaw: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  /// Parses `http[s]://host[:port][/prefix]`, `unix:/path/of/socket` and
  /// `http+unix://%2Fpath%2Fof%2Fsocket[/prefix]`.
  package init(_ text: String) throws(Flaw) {
    if text.lowercased().hasPrefix("unix:") {
      var path = text.dropFirst("unix:".count)
      if path.hasPrefix("//") { path = path.dropFirst(2) }
      self = try Self.socket(String(path), prefix: "")
      return
    }
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
      ["http", "https", "http+unix"].contains(scheme)
    else { throw Flaw(description: "the server must be a URL such as http://127.0.0.1:8773 or unix:/path") }
    // A secret in a URL ends up in process lists, logs and the journal; it is not repeated here either.
    guard parts.user == nil, parts.password == nil else {
      throw Flaw(description: "the server URL must not carry a user name or password")
    }
    guard let host = parts.encodedHost, !host.isEmpty else {
      throw Flaw(description: "the server URL has no host")
    }
    guard parts.query == nil, parts.fragment == nil else {
      throw Flaw(description: "the server URL must not have a query or fragment")
    }
    var prefix = parts.percentEncodedPath[...]
    while prefix.hasSuffix("/") { prefix.removeLast() }
    guard scheme != "http+unix" else {
      guard parts.port == nil, let path = host.removingPercentEncoding else {
        throw Flaw(description: "the path of the server's socket must be percent-encoded UTF-8")
      }
      self = try Self.socket(path, prefix: String(prefix))
      return
    }
    self.init(
      text: "\(scheme)://\(host.lowercased())\(parts.port.map { ":\($0)" } ?? "")\(prefix)", socketPath: nil)
  }

  private init(text: String, socketPath: String?) {
    self.text = text
    self.socketPath = socketPath
  }

  private static func socket(_ path: String, prefix: String) throws(Flaw) -> ServerURL {
    guard path.hasPrefix("/"), !path.utf8.contains(0) else {
      throw Flaw(
        description: "the path of the server's socket must be absolute, as in unix:/run/sheaf.socket")
    }
    guard path.utf8.count <= mostSocketPathBytes else {
      throw Flaw(description: "the path of the server's socket is longer than \(mostSocketPathBytes) bytes")
    }
    return ServerURL(text: "http+unix://\(encode(path))\(prefix)", socketPath: path)
  }

  package var description: String { text }

  /// The address of a resource: the parts become path segments, whatever characters they have.
  package func resource(_ segments: [String], query: [(String, String)] = []) -> String {
    var address = text
    for segment in segments { address += "/" + Self.encode(segment) }
    for (index, item) in query.enumerated() {
      address += (index == 0 ? "?" : "&") + Self.encode(item.0) + "=" + Self.encode(item.1)
    }
    return address
  }

  /// Percent-encodes everything but the unreserved characters of RFC 3986 §2.3.
  package static func encode(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let hex = String(byte, radix: 16, uppercase: true)
        result += byte < 16 ? "%0\(hex)" : "%\(hex)"
      }
    }
    return result
  }
}
