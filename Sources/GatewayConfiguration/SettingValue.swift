import Vocabulary

/// The value of a setting in the forms that sheaf.toml and JSON know.
package enum SettingValue: Sendable, Equatable, Encodable, CustomStringConvertible {
  case text(String)
  case integer(Int64)
  case boolean(Bool)
  case list([String])
  /// A setting that may be left out, and is.
  case absent

  /// The form a flag or a variable takes, which parses back to the same value.
  package var text: String {
    switch self {
    case .text(let text): text
    case .integer(let number): String(number)
    case .boolean(let isTrue): String(isTrue)
    case .list(let items): items.joined(separator: ",")
    case .absent: ""
    }
  }

  /// One line for people: control characters are escaped, nothing is shown as "(none)".
  package var description: String {
    if text.isEmpty { return "(none)" }
    return text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f } ? quoted(text) : text
  }

  /// Absent is null, everything else is itself.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .integer(let number): try container.encode(number)
    case .boolean(let isTrue): try container.encode(isTrue)
    case .list(let items): try container.encode(items)
    case .absent: try container.encodeNil()
    }
  }

  /// How the form is written in sheaf.toml.
  package enum Form: String, Sendable {
    case string = "a string"
    case integer = "an integer"
    case boolean = "a boolean"
    case list = "an array of strings"
  }

  var form: Form? {
    switch self {
    case .text: .string
    case .integer: .integer
    case .boolean: .boolean
    case .list: .list
    case .absent: nil
    }
  }
}

/// Where a value came from.
package enum SettingOrigin: Sendable, Equatable, CustomStringConvertible {
  /// Its name with the dashes.
  case flag(String)
  /// The variable's name.
  case environment(String)
  /// The path of the settings file.
  case file(String)
  case standard

  package var description: String {
    switch self {
    case .flag(let name): "flag \(name)"
    case .environment(let name): "environment \(name)"
    case .file(let path): "file \(path)"
    case .standard: "default"
    }
  }
}
