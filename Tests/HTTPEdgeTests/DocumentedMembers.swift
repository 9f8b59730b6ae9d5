import Foundation

/// The members of the objects that docs/api.md writes down.
enum DocumentedMembers {
  /// The names in the object that begins with `start`, without those of objects inside it, in order.
  static func names(after start: String) throws -> [String] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "docs/api.md"), encoding: .utf8)
    guard let found = text.range(of: start) else { throw NotDocumented(start: start) }
    var names: [String] = []
    var depth = 1
    var name: String?
    var isValue = false
    for character in text[found.lowerBound...].dropFirst() {
      if let open = name {
        guard character == "\"" else {
          name = open + String(character)
          continue
        }
        if depth == 1 && !isValue { names.append(open) }
        name = nil
        continue
      }
      switch character {
      case "\"": name = ""
      case "{", "[": depth += 1
      case "}", "]":
        depth -= 1
        if depth == 0 { return names }
      case ":" where depth == 1: isValue = true
      case "," where depth == 1: isValue = false
      default: break
      }
    }
    throw NotDocumented(start: start)
  }

  struct NotDocumented: Error { let start: String }
}
