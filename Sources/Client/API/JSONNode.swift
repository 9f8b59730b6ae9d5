/// JSON whose members this client need not know: shown as it came.
package indirect enum JSONNode: Codable, Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case text(String)
  case list([JSONNode])
  case object([String: JSONNode])

  package init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let bool = try? value.decode(Bool.self) {
      self = .bool(bool)
    } else if let integer = try? value.decode(Int64.self) {
      self = .integer(integer)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let list = try? value.decode([JSONNode].self) {
      self = .list(list)
    } else {
      self = .object(try value.decode([String: JSONNode].self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .object(let members): try container.encode(members)
    }
  }

  /// The document as lines of `name  value`: nested names joined by dots, links left out, names aligned.
  package var outline: [String] {
    let pairs = pairs(under: "")
    let width = pairs.map(\.name.count).max() ?? 0
    return pairs.map { pair in
      pair.name + String(repeating: " ", count: width - pair.name.count + 2) + TextTable.visible(pair.value)
    }
  }

  private func pairs(under name: String) -> [(name: String, value: String)] {
    switch self {
    case .object(let members):
      members.filter { $0.key != "_links" }.sorted { $0.key < $1.key }.flatMap { key, node in
        node.pairs(under: name.isEmpty ? key : "\(name).\(key)")
      }
    case .list(let nodes):
      nodes.isEmpty
        ? [(name, "none")]
        : nodes.enumerated().flatMap { index, node in node.pairs(under: "\(name)[\(index + 1)]") }
    case .null: [(name, "-")]
    case .bool(let value): [(name, value ? "yes" : "no")]
    case .integer(let value):
      [
        (
          name,
          name.lowercased().hasSuffix("bytes") ? "\(value) (\(ProgressText.bytes(value)))" : String(value)
        )
      ]
    case .number(let value): [(name, String(value))]
    case .text(let value): [(name, value)]
    }
  }
}

extension GatewayAPI {
  /// What the gateway is doing.
  package func status() async throws -> JSONNode { try await get(JSONNode.self, ["api", "v1", "status"]) }
}
