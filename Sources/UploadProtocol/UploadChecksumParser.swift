import HTTPTypes
import Vocabulary

/// Reads `Upload-Checksum` of the tus checksum extension: `algorithm SP base64(value)`.
package enum UploadChecksumParser {
  /// Parses the field's value, so that a checksum that can never match is refused before any byte is read.
  ///
  /// - Throws: `ProblemError` with `unsupported-checksum` for another algorithm, else with `bad-header`.
  package static func parse(_ text: String) throws(ProblemError) -> Checksum {
    let name = text.prefix { $0 != " " }
    guard let algorithm = ChecksumAlgorithm(rawValue: String(name)) else {
      throw ProblemError(
        .unsupportedChecksum,
        detail: "Upload-Checksum algorithm \(quoted(String(name))) is not one of \(supported)",
        members: ["field": .text(HTTPField.Name.uploadChecksum.rawName)])
    }
    guard let bytes = Base64.decode(text.dropFirst(name.count + 1)) else {
      throw badHeader(.uploadChecksum, "\(quoted(text)) has a value that is not base64")
    }
    guard let checksum = Checksum(algorithm: algorithm, bytes: bytes) else {
      throw badHeader(
        .uploadChecksum,
        "\(quoted(text)) has a value of \(bytes.count) bytes; \(name) has \(algorithm.byteCount)"
      )
    }
    return checksum
  }

  /// The value of `Tus-Checksum-Algorithm`.
  package static let supported = ChecksumAlgorithm.allCases.map(\.rawValue).joined(separator: ",")
}
