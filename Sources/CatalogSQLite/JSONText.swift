import Vocabulary

/// The JSON that rows hold: objects of texts with sorted keys, lists of texts, and of pairs. Equal values give equal text.
enum JSONText {
  static func object(_ members: [String: String]) -> String {
    "{"
      + members.sorted { $0.key < $1.key }.map { "\(string($0.key)):\(string($0.value))" }.joined(
        separator: ",") + "}"
  }

  static func list(_ items: [String]) -> String {
    "[" + items.map(string).joined(separator: ",") + "]"
  }

  static func pairs(_ pairs: [(String, String)]) -> String {
    "[" + pairs.map { "[\(string($0.0)),\(string($0.1))]" }.joined(separator: ",") + "]"
  }

  private static func string(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    if isPlain { return "\"\(text)\"" }
    var escaped = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": escaped += "\\\(scalar)"
      case "\u{0}"..."\u{1f}": escaped += "\\u00" + Hexadecimal.encode([UInt8(scalar.value)])
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped + "\""
  }
}
