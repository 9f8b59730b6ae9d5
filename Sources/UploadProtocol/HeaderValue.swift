import HTTPTypes
import Vocabulary

/// What a header field says: nothing, nonsense, or a value. Nonsense never passes for nothing.
package enum Parsed<Value> {
  case absent
  /// What is wrong: the rest of a sentence that begins with the field's name.
  case malformed(String)
  case value(Value)

  /// The value, `nil` when the field is absent.
  ///
  /// - Throws: `ProblemError` with `bad-header` naming the field when it is malformed.
  package func optional(_ name: HTTPField.Name) throws(ProblemError) -> Value? {
    switch self {
    case .absent: return nil
    case .malformed(let flaw): throw badHeader(name, flaw)
    case .value(let value): return value
    }
  }

  /// The value.
  ///
  /// - Throws: `ProblemError` with `bad-header` naming the field when it is absent or malformed.
  package func required(_ name: HTTPField.Name) throws(ProblemError) -> Value {
    guard let value = try optional(name) else { throw badHeader(name, "is missing") }
    return value
  }
}

extension Parsed: Sendable where Value: Sendable {}
extension Parsed: Equatable where Value: Equatable {}

extension HTTPFields {
  /// The value of a field that is not a list.
  ///
  /// A proxy may repeat a line, so equal lines are one value; which of two different lines counts is nobody's
  /// to guess, so they are malformed.
  package func single(_ name: HTTPField.Name) -> Parsed<String> {
    let values = self[values: name]
    guard let first = values.first else { return .absent }
    guard values.allSatisfy({ $0.utf8.elementsEqual(first.utf8) }) else {
      return .malformed("is given more than once with different values")
    }
    return .value(first)
  }

  /// The value of a field that is a non-negative integer: decimal digits and nothing else, at most 2^63 - 1.
  package func integer(_ name: HTTPField.Name) -> Parsed<Int64> {
    switch single(name) {
    case .absent: .absent
    case .malformed(let flaw): .malformed(flaw)
    case .value(let text):
      if let value = plainInteger(text) {
        .value(value)
      } else {
        .malformed("\(quoted(text)) is not a non-negative integer of at most \(Int64.max)")
      }
    }
  }

  /// The media type of `Content-Type` in lower case, without its parameters.
  package var mediaType: Parsed<String> {
    switch single(.contentType) {
    case .absent: return .absent
    case .malformed(let flaw): return .malformed(flaw)
    case .value(let text):
      let type = text.prefix { $0 != ";" }
      return .value(trimmed(type).lowercased())
    }
  }
}

func badHeader(_ name: HTTPField.Name, _ flaw: String) -> ProblemError {
  ProblemError(.badHeader, detail: "\(name.rawName) \(flaw)", members: ["field": .text(name.rawName)])
}

/// `Int64(_:)` would also take a sign.
func plainInteger(_ text: String) -> Int64? {
  let isPlain = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  return isPlain ? Int64(text) : nil
}

/// Without the optional whitespace of RFC 9110 §5.6.3 around it.
func trimmed(_ text: Substring) -> Substring {
  let isBlank = { (character: Character) in character == " " || character == "\t" }
  var text = text.drop(while: isBlank)
  while let last = text.last, isBlank(last) { text.removeLast() }
  return text
}
