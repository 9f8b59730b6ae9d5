import TOMLKit
import Vocabulary

/// What a sheaf.toml says, before anyone asks what it means.
struct SettingsFile {
  /// In the order of their names; a name may be no setting's.
  let values: [(name: String, value: Value)]

  enum Value {
    case setting(SettingValue)
    /// A form that no setting takes, such as `a date`.
    case other(String)
    case emptyTable
  }

  /// - Throws: `badFile` with the position of what is not TOML.
  init(path: String, text: String) throws(ConfigurationError) {
    guard text.utf8.count <= SettingSources.maximumFileBytes else {
      throw .badFile(path: path, reason: "is larger than \(SettingSources.maximumFileBytes) bytes")
    }
    // The parser hands text over up to the first NUL and would leave out the rest without a word.
    guard !text.utf8.contains(0), !text.contains("\\u0000"), !text.contains("\\U00000000") else {
      throw .badFile(path: path, reason: "has a NUL character")
    }
    do {
      values = Self.flattened(try TOMLTable(string: text), below: "", depth: 1)
    } catch let error as TOMLParseError {
      let position = error.source.begin
      throw .badFile(
        path: path, reason: "line \(position.line), column \(position.column): \(oneLine(error.description))")
    } catch {
      throw .badFile(path: path, reason: oneLine("\(error)"))
    }
  }

  /// Deeper tables than any setting's are not looked into: their name is unknown already.
  private static let maximumDepth = 4

  private static func flattened(
    _ table: TOMLTable, below prefix: String, depth: Int
  ) -> [(name: String, value: Value)] {
    var values: [(String, Value)] = []
    for key in table.keys {
      // A key in quotes may hold anything; a dot in it does not make it a path.
      let isBare = key.utf8.allSatisfy {
        isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
      }
      let name = prefix + (isBare && !key.isEmpty ? key : quoted(key))
      guard let value = table[key] else {
        values.append((name, .emptyTable))
        continue
      }
      if let inner = value.table {
        let below = depth < maximumDepth ? flattened(inner, below: "\(name).", depth: depth + 1) : []
        values += below.isEmpty ? [(name, .emptyTable)] : below
      } else {
        values.append((name, leaf(value)))
      }
    }
    return values
  }

  private static func leaf(_ value: any TOMLValueConvertible) -> Value {
    if let text = value.string { return .setting(.text(text)) }
    if let number = value.int { return .setting(.integer(Int64(number))) }
    if let isTrue = value.bool { return .setting(.boolean(isTrue)) }
    if let array = value.array {
      if let sources = namedPaths(array) { return .setting(.list(sources)) }
      let items = array.compactMap(\.string)
      return items.count == array.count
        ? .setting(.list(items)) : .other("an array of other things than strings")
    }
    return .other(value.type == .double ? "a number with a fraction" : "a date or a time")
  }
}

/// `[[source]]`: tables that have a name and a path and nothing else; nil for any other array.
private func namedPaths(_ array: TOMLArray) -> [String]? {
  guard !array.isEmpty else { return nil }
  var items: [String] = []
  for value in array {
    guard let table = value.table, table.keys.count == 2, let name = table["name"]?.string,
      let path = table["path"]?.string, !name.contains("="), !name.contains(","), !path.contains(",")
    else { return nil }
    items.append("\(name)=\(path)")
  }
  return items
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
}

private func oneLine(_ text: String) -> String {
  String(quoted(text).dropFirst().dropLast()).replacing("\\\"", with: "\"").replacing("\\'", with: "'")
}
