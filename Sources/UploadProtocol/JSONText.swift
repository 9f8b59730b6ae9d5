import Vocabulary

/// JSON text of the few kinds of values a problem has; this target imports no Foundation.
enum JSONText {
  static func string(_ value: String) -> String {
    var text = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"", "\\": text += "\\\(scalar)"
      case "\u{0}"..."\u{1f}": text += "\\u00" + Hexadecimal.encode([UInt8(scalar.value)])
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }

  static func object(_ members: [(String, String)]) -> String {
    "{" + members.map { string($0.0) + ":" + $0.1 }.joined(separator: ",") + "}"
  }

  static func member(_ member: ProblemMember) -> String {
    switch member {
    case .text(let value): string(value)
    case .integer(let value): String(value)
    case .list(let items):
      "["
        + items.map { item in
          object(item.sorted { $0.key < $1.key }.map { ($0.key, string($0.value)) })
        }.joined(separator: ",") + "]"
    }
  }
}
