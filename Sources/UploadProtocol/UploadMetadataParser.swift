import Vocabulary

/// Reads `Upload-Metadata` of the tus creation extension: `key SP base64(value)`, separated by commas.
package enum UploadMetadataParser {
  package static let maximumByteCount = 8 * 1024
  package static let maximumPairCount = 64
  package static let maximumKeyByteCount = 128
  package static let maximumValueByteCount = 4 * 1024

  /// Parses the field's value; a blank value is no metadata.
  ///
  /// - Throws: `ProblemError` with `bad-metadata` naming the offending key, or `headers-too-large`.
  package static func parse(_ raw: String) throws(ProblemError) -> UploadMetadata {
    guard raw.utf8.count <= maximumByteCount else {
      throw ProblemError(
        .tooManyHeaders,
        detail: "Upload-Metadata has \(raw.utf8.count) bytes; at most \(maximumByteCount) are allowed",
        members: ["field": .text("Upload-Metadata")])
    }
    guard !trimmed(Substring(raw)).isEmpty else { return .none }
    let elements = raw.split(separator: ",", omittingEmptySubsequences: false)
    guard elements.count <= maximumPairCount else {
      throw ProblemError(
        .badMetadata,
        detail: "Upload-Metadata has \(elements.count) keys; at most \(maximumPairCount) are allowed")
    }
    var pairs = [UploadMetadata.Pair]()
    var keys = Set<String>()
    for element in elements {
      let pair = try parsePair(trimmed(element))
      guard keys.insert(pair.key).inserted else { throw flaw(in: pair.key, "is given twice") }
      pairs.append(pair)
    }
    return UploadMetadata(raw: raw, pairs: pairs)
  }

  private static func parsePair(_ element: Substring) throws(ProblemError) -> UploadMetadata.Pair {
    let key = String(element.prefix { $0 != " " })
    guard !key.isEmpty else { throw flaw(in: key, "is an empty key") }
    guard key.utf8.count <= maximumKeyByteCount else {
      throw flaw(in: key, "is a key longer than \(maximumKeyByteCount) bytes")
    }
    guard key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw flaw(in: key, "is a key with a character that is not printable ASCII")
    }
    guard let value = Base64.decode(element.dropFirst(key.count + 1)) else {
      throw flaw(in: key, "has a value that is not base64 (standard alphabet, RFC 4648 section 4)")
    }
    guard value.count <= maximumValueByteCount else {
      throw flaw(in: key, "has a value of \(value.count) bytes; at most \(maximumValueByteCount) are allowed")
    }
    return UploadMetadata.Pair(key: key, value: value)
  }

  private static func flaw(in key: String, _ flaw: String) -> ProblemError {
    ProblemError(
      .badMetadata, detail: "Upload-Metadata \(quoted(key)) \(flaw)",
      members: ["key": .text(String(key.prefix(maximumKeyByteCount)))])
  }
}
