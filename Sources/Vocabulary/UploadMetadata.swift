/// The metadata of an upload: the raw field as the client sent it, and its pairs.
///
/// tus 1.0.0, creation extension, `Upload-Metadata`. The raw text is echoed on HEAD as it came.
package struct UploadMetadata: Sendable, Equatable {
  package static let none = UploadMetadata(raw: nil, pairs: [])

  package let raw: String?
  /// In the client's order; keys are unique.
  package let pairs: [Pair]

  package struct Pair: Sendable, Equatable {
    package let key: String
    package let value: [UInt8]
    package init(key: String, value: [UInt8]) {
      self.key = key
      self.value = value
    }
  }

  package init(raw: String?, pairs: [Pair]) {
    self.raw = raw
    self.pairs = pairs
  }

  package func value(_ key: String) -> [UInt8]? { pairs.first { $0.key == key }?.value }

  /// The value as text, `nil` when the key is absent.
  ///
  /// - Throws: `ProblemError` with `bad-metadata` naming the key when the value is not UTF-8.
  package func text(_ key: String) throws(ProblemError) -> String? {
    guard let bytes = value(key) else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ProblemError(
        .badMetadata, detail: "Upload-Metadata \(quoted(key)) is not valid UTF-8",
        members: ["key": .text(key)])
    }
    return text
  }
}
