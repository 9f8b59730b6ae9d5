import FoundationEssentials

extension ResolvedSettings {
  /// Columns for people: name, value, origin; no end of line after the last.
  package var table: String {
    let rows =
      [("SETTING", "VALUE", "ORIGIN")]
      + entries.map { ($0.name, $0.value.description, $0.origin.description) }
    let nameWidth = rows.map(\.0.count).max() ?? 0
    let valueWidth = rows.map(\.1.count).max() ?? 0
    return rows.map { "\(padded($0.0, nameWidth))  \(padded($0.1, valueWidth))  \($0.2)" }.joined(
      separator: "\n")
  }

  /// `[{"name", "value", "origin", "default", "help"}, …]`; numbers, booleans and lists are JSON's own.
  package func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(entries), as: UTF8.self)
  }
}

extension ResolvedSettings.Entry {
  private enum CodingKeys: String, CodingKey {
    case name, value, origin, help
    case standard = "default"
  }

  /// The origin is its description.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(value, forKey: .value)
    try container.encode(origin.description, forKey: .origin)
    try container.encode(standard, forKey: .standard)
    try container.encode(help, forKey: .help)
  }
}

private func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
