/// The value of a `Content-Disposition` field for a file (RFC 6266).
package enum ContentDisposition: String, Sendable {
  case attachment, inline

  /// Names are cut to this many characters; a component of a bundle's path has at most 255 bytes anyway.
  static let maximumNameLength = 255

  /// The field's value: printable ASCII whatever the name is.
  ///
  /// Only the last part of a path is used, and nothing in it can end the value, hide another extension or name a folder.
  package func value(name: String) -> String {
    let safe = Self.safe(name)
    return "\(rawValue); filename=\"\(Self.plain(safe))\"; filename*=UTF-8''\(PageLinks.component(safe))"
  }

  private static func safe(_ name: String) -> String {
    let last =
      name.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "/" || $0 == "\\" }.last ?? []
    var text = ""
    for scalar in last.prefix(maximumNameLength) {
      text.unicodeScalars.append(isDeceptive(scalar) ? "_" : scalar)
    }
    return text.isEmpty || text.allSatisfy { $0 == "." } ? "file" : text
  }

  /// For clients that know no `filename*`: they must see the same in every encoding and decode nothing.
  private static func plain(_ name: String) -> String {
    var text = ""
    for scalar in name.unicodeScalars {
      let isPlain = (" "..."~").contains(scalar) && scalar != "\"" && scalar != "%"
      text.unicodeScalars.append(isPlain ? scalar : "_")
    }
    return text
  }

  /// Control characters, and those that change the direction of what follows.
  private static func isDeceptive(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{200e}", "\u{200f}", "\u{2028}"..."\u{202e}",
      "\u{2066}"..."\u{2069}":
      true
    default: false
    }
  }
}
