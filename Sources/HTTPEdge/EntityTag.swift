import Vocabulary

/// The strong validator of a file: its digest in quotes (RFC 9110 §8.8.3).
package struct EntityTag: Sendable, Equatable {
  package let text: String

  package init(_ digest: Digest) { text = "\"\(digest.hex)\"" }

  /// Whether an `If-None-Match` field names this tag; the comparison is weak, as the RFC says.
  package func isNamed(inIfNoneMatch field: String?) -> Bool {
    guard let field else { return false }
    return field.split(separator: ",").contains { item in
      let item = item.filter { $0 != " " && $0 != "\t" }
      return item == "*" || item == text || item == "W/" + text
    }
  }

  /// Whether a range may be served: no `If-Range`, or one with this tag.
  ///
  /// A date there never matches: files keep the times their senders gave them, which prove nothing about their bytes.
  package func allowsRange(ifRange field: String?) -> Bool { field == nil || field == text }
}
