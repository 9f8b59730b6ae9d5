/// A SHA-256 value: it names an object and proves a file.
package struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Always 32 bytes.
  package let bytes: [UInt8]

  /// `nil` unless there are exactly 32 bytes.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// Parses 64 hexadecimal digits of either case; `nil` otherwise.
  package init?(hex: some StringProtocol) {
    guard let bytes = Hexadecimal.decode(hex) else { return nil }
    self.init(bytes: bytes)
  }

  /// 64 lower-case hexadecimal digits, as `sha256sum` prints.
  package var hex: String { Hexadecimal.encode(bytes) }
  /// The value of a `Repr-Digest` field (RFC 9530 §3): `sha-256=:…:`.
  package var reprDigest: String { "sha-256=:\(Base64.encode(bytes)):" }
  package var description: String { hex }
  package static func < (left: Self, right: Self) -> Bool { left.hex < right.hex }
}

/// The algorithms of the tus checksum extension that this server takes; raw values are their wire names.
package enum ChecksumAlgorithm: String, Sendable, CaseIterable {
  case sha1, sha256, sha512, md5, crc32

  /// Length of a value in bytes.
  package var byteCount: Int {
    switch self {
    case .sha1: 20
    case .sha256: 32
    case .sha512: 64
    case .md5: 16
    case .crc32: 4
    }
  }
}

/// A declared checksum of one chunk.
package struct Checksum: Hashable, Sendable {
  package let algorithm: ChecksumAlgorithm
  package let bytes: [UInt8]

  /// `nil` when the number of bytes is not the algorithm's.
  package init?(algorithm: ChecksumAlgorithm, bytes: [UInt8]) {
    guard bytes.count == algorithm.byteCount else { return nil }
    self.algorithm = algorithm
    self.bytes = bytes
  }
}
