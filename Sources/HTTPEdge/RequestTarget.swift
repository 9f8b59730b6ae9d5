/// The forms in which a request of HTTP/1 may name its resource (RFC 9112 §3.2).
package enum RequestTarget {
  /// Who and what an absolute-form target such as `http://host:80/files/?a=b` names, whatever its scheme; nil for any
  /// other form. What is left of the fragment that such a target must not have stays in `path`.
  package static func absoluteForm(_ target: String) -> (authority: String, path: String)? {
    let bytes = target.utf8
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
      ["http", "https"].contains(target[..<colon].lowercased()),
      target[colon...].hasPrefix("://")
    else { return nil }
    let rest = target[colon...].dropFirst(3)
    let end = rest.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
    let path = rest[end...]
    return (String(rest[..<end]), path.utf8.first == UInt8(ascii: "/") ? String(path) : "/" + path)
  }
}
