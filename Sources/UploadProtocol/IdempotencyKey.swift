import HTTPTypes
import Vocabulary

extension HTTPFields {
  package static let maximumIdempotencyKeyByteCount = 255

  /// The key that makes a repeated creation the first one, sent again: a structured String, or bare text without spaces.
  ///
  /// - Throws: `ProblemError` with `bad-header` when it is empty, too long, or not printable ASCII.
  package func idempotencyKey() throws(ProblemError) -> String? {
    guard let text = try single(.idempotencyKey).optional(.idempotencyKey) else { return nil }
    let isQuoted = text.utf8.first == UInt8(ascii: "\"")
    let key = isQuoted ? structuredString(text) : text
    let allowed: ClosedRange<UInt8> = isQuoted ? 0x20...0x7e : 0x21...0x7e
    guard let key, (1...Self.maximumIdempotencyKeyByteCount).contains(key.utf8.count),
      key.utf8.allSatisfy(allowed.contains)
    else {
      throw badHeader(
        .idempotencyKey,
        "\(quoted(text)) is not 1 to \(Self.maximumIdempotencyKeyByteCount) printable ASCII characters, in quotes or without spaces"
      )
    }
    return key
  }
}
