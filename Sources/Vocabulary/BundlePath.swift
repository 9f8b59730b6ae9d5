/// The path of one entry inside a bundle: relative, `/`-separated UTF-8, safe to create below any folder.
package struct BundlePath: Hashable, Sendable, Comparable, CustomStringConvertible {
  package static let maximumByteCount = 4096
  package static let maximumComponentByteCount = 255

  package let text: String

  /// Parses a path.
  ///
  /// - Throws: `ProblemError` with `bad-path`, naming the path and what is wrong with it.
  package init(_ text: String) throws(ProblemError) {
    if let flaw = Self.flaw(of: text) {
      throw ProblemError(.badPath, detail: "path \(quoted(text)) \(flaw)", members: ["path": .text(text)])
    }
    self.text = text
  }

  /// The path's components, at least one.
  package var components: [Substring] { Self.components(of: text) }
  package var lastComponent: String { String(components.last ?? "") }
  package var description: String { text }

  /// Byte order of the UTF-8 form, the order of entries in a manifest.
  package static func < (left: Self, right: Self) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }
  /// Same bytes: two spellings of one character (NFC, NFD) are two paths, as on Linux file systems.
  package static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
  package func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }

  /// True when one path is a folder of the other (`a` and `a/b`): a bundle cannot hold both.
  package func contains(_ other: BundlePath) -> Bool {
    let mine = Array(text.utf8)
    let its = Array(other.text.utf8)
    return its.count > mine.count && its.starts(with: mine) && its[mine.count] == UInt8(ascii: "/")
  }

  /// Split at the byte `/`, as a file system does: a combining character after it hides it from `Character`.
  private static func components(of text: String) -> [Substring] {
    text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Substring.init)
  }

  private static func flaw(of text: String) -> String? {
    if text.isEmpty { return "is empty" }
    if text.utf8.count > maximumByteCount { return "is longer than \(maximumByteCount) bytes" }
    if text.utf8.first == UInt8(ascii: "/") { return "is absolute; give a path relative to the bundle" }
    if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) { return "has a control character" }
    if text.unicodeScalars.contains("\u{fffd}") { return "is not valid UTF-8" }
    for component in components(of: text) {
      if component.isEmpty { return "has an empty component" }
      if component == "." || component == ".." { return "has the component \(quoted(String(component)))" }
      if component.utf8.count > maximumComponentByteCount {
        return "has a component longer than \(maximumComponentByteCount) bytes"
      }
    }
    return nil
  }
}

/// Text from outside, shortened and with control characters escaped, fit for an error message or a log line: also those
/// above ASCII, which terminals obey too, and those that turn the direction of what stands behind them.
package func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars.prefix(200) {
    let isUnseen =
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: true
      default: false
      }
    result += scalar.escaped(asASCII: isUnseen)
  }
  return result + (text.unicodeScalars.count > 200 ? "…\"" : "\"")
}
