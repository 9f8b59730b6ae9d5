import HTTPTypes
import Vocabulary

/// Reads what a request says of its content as a whole: digests (RFC 9530) and announced trailers.
enum ContentChecksParser {
  private static let algorithms: [String: ChecksumAlgorithm] = [
    "sha-256": .sha256, "sha-512": .sha512, "sha": .sha1, "md5": .md5,
  ]
  private static let fileAlgorithms: Set<ChecksumAlgorithm> = [.sha256, .sha512]

  /// The checks of a request that brings content, or the start of a file.
  ///
  /// `Repr-Digest` means the whole file only on a creation: on PATCH it would be that of the patch document.
  ///
  /// - Throws: `ProblemError` with `bad-header` for a digest of a known algorithm that can match nothing.
  static func checks(of fields: HTTPFields, isCreation: Bool) throws(ProblemError) -> ContentChecks {
    ContentChecks(
      checksums: try digests(.contentDigest, in: fields),
      hasTrailer: fields.announcesTrailer(.contentDigest),
      fileDigests: try fileDigests(of: fields, isCreation: isCreation),
      wantsFileDigest: wantsFileDigest(fields))
  }

  /// What the whole file must have: `Upload-Digest`, and `Repr-Digest` of a creation.
  ///
  /// - Throws: `ProblemError` with `bad-header` for a digest of a known algorithm that can match nothing.
  static func fileDigests(of fields: HTTPFields, isCreation: Bool) throws(ProblemError) -> [Checksum] {
    var digests = try digests(.uploadDigest, in: fields)
    if isCreation { digests += try Self.digests(.reprDigest, in: fields) }
    var known = [Checksum]()
    for digest in digests where fileAlgorithms.contains(digest.algorithm) && !known.contains(digest) {
      known.append(digest)
    }
    return known
  }

  /// The digests of known algorithms in a field; others are ignored.
  static func digests(_ name: HTTPField.Name, in fields: HTTPFields) throws(ProblemError) -> [Checksum] {
    guard fields.contains(name) else { return [] }
    // Ignored as a whole, it would pass for a file that nobody wanted checked.
    guard let members = fields.structuredBytes(name) else {
      throw badHeader(name, "is not a dictionary of byte sequences such as sha-256=:…:")
    }
    var digests = [Checksum]()
    for (key, bytes) in members {
      guard let algorithm = algorithms[key] else { continue }
      guard let bytes, let digest = Checksum(algorithm: algorithm, bytes: bytes) else {
        throw badHeader(name, "\(key) is not \(algorithm.byteCount) bytes in base64 between colons")
      }
      digests.append(digest)
    }
    return digests
  }

  private static func wantsFileDigest(_ fields: HTTPFields) -> Bool {
    fields.structuredIntegers(.wantReprDigest)?.contains { (1...10).contains($0.value) } ?? false
  }
}

extension HTTPFields {
  /// True when `Trailer` (RFC 9110 §6.6.2) announces the field.
  func announcesTrailer(_ name: HTTPField.Name) -> Bool {
    self[values: .trailer].contains { line in
      line.split(separator: ",").contains { trimmed($0).lowercased() == name.canonicalName }
    }
  }
}

/// What a trailer adds to the head of its request (T-54, R-47).
///
/// - Throws: `ProblemError` with `bad-header` when it is missing although announced, or contradicts the head's.
func confirmed(
  _ trailing: [Checksum], of name: HTTPField.Name, stated: [Checksum]
) throws(ProblemError) -> Checksum? {
  guard let first = trailing.first(where: { $0.algorithm == .sha256 }) ?? trailing.first else { return nil }
  for checksum in trailing {
    guard stated.allSatisfy({ $0.algorithm != checksum.algorithm || $0 == checksum }) else {
      throw badHeader(name, "of the trailer differs from that of the head")
    }
  }
  return first
}
