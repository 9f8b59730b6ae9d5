import HTTPTypes
import Vocabulary

/// The part of a file that a PUT brings: `Content-Range: bytes first-last/length` (RFC 9110 §14.4 and §14.5).
package struct ContentRange: Sendable, Equatable {
  package var first: Int64
  package var last: Int64
  /// The whole file's bytes, `nil` for `*`.
  package var length: Int64?

  /// Parses the field's value; `nil` unless it is `bytes`, in order, and inside of the length.
  package init?(_ text: String) {
    let unit = "bytes "
    guard text.utf8.starts(with: unit.utf8) else { return nil }
    let parts = text.utf8.dropFirst(unit.utf8.count).split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let bounds = parts[0].split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard bounds.count == 2, let first = plainInteger(String(Substring(bounds[0]))),
      let last = plainInteger(String(Substring(bounds[1]))), first <= last, last < .max
    else { return nil }
    let isOpen = parts[1].elementsEqual("*".utf8)
    let length = isOpen ? nil : plainInteger(String(Substring(parts[1])))
    guard isOpen || length.map({ last < $0 }) ?? false else { return nil }
    self.first = first
    self.last = last
    self.length = length
  }

  /// Bytes in the part.
  package var count: Int64 { last - first + 1 }
  /// True when the file ends with this part.
  package var isLast: Bool { last + 1 == length }
}
