import HTTPTypes
import RawStructuredFieldValues
import Vocabulary

/// Structured fields (RFC 9651), of the kinds that uploads have.
///
/// Where nothing else is said a value that is not of its kind is `nil`: the field is ignored as a whole (RFC 9651 §4.2).
extension HTTPFields {
  /// The value of an Item that is a non-negative Integer.
  ///
  /// Nonsense is malformed instead of ignored: an offset or a length that is left out by mistake costs bytes (T-2).
  package func structuredInteger(_ name: HTTPField.Name) -> Parsed<Int64> {
    switch single(name) {
    case .absent: return .absent
    case .malformed(let flaw): return .malformed(flaw)
    case .value(let text):
      guard case .integer(let value)? = item(text), value >= 0 else {
        return .malformed("\(quoted(text)) is not a non-negative integer of at most 15 digits")
      }
      return .value(value)
    }
  }

  /// The value of an Item that is a Boolean.
  package func structuredBoolean(_ name: HTTPField.Name) -> Bool? {
    guard case .value(let text) = single(name), case .bool(let value)? = item(text) else { return nil }
    return value
  }

  /// The members of a Dictionary of Integers, in order.
  package func structuredIntegers(_ name: HTTPField.Name) -> [(key: String, value: Int64)]? {
    guard let members = dictionary(name) else { return nil }
    var integers = [(key: String, value: Int64)]()
    for (key, item) in members {
      guard case .integer(let value)? = item else { return nil }
      integers.append((key, value))
    }
    return integers
  }

  /// The members of a Dictionary of Byte Sequences, in order; the bytes are `nil` in a member that is something else.
  package func structuredBytes(_ name: HTTPField.Name) -> [(key: String, bytes: [UInt8]?)]? {
    dictionary(name)?.map { key, item in
      guard case .undecodedByteSequence(let base64)? = item else { return (key, nil) }
      return (key, Base64.decode(base64))
    }
  }

  private func dictionary(_ name: HTTPField.Name) -> [(String, RFC9651BareItem?)]? {
    var parser = StructuredFieldValueParser(Array(self[values: name].joined(separator: ",").utf8))
    return try? parser.parseDictionaryFieldValue().map { key, value in
      guard case .item(let item) = value else { return (key, nil) }
      return (key, item.rfc9651BareItem)
    }
  }
}

/// The text of an Item that is a String, `nil` when it is none.
func structuredString(_ text: String) -> String? {
  guard case .string(let value)? = item(text) else { return nil }
  return value
}

private func item(_ text: String) -> RFC9651BareItem? {
  var parser = StructuredFieldValueParser(Array(text.utf8))
  return try? parser.parseItemFieldValue().rfc9651BareItem
}

/// A Boolean as structured fields write it.
func structured(_ value: Bool) -> String { value ? "?1" : "?0" }
