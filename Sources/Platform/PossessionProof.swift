import Vocabulary

/// How a client shows that it has a file without sending it (docs/decisions/0016): the SHA-256 of a challenge, the file's
/// digest, and those bytes of the file that the two of them name. Client and server compute it alike.
package enum PossessionProof {
  /// Up to this size the whole content is proven.
  package static let wholeBytes: Int64 = 64 << 10
  /// A larger file is proven by this many ranges of this many bytes.
  package static let rangeCount = 16
  package static let rangeBytes: Int64 = 4 << 10

  /// Which bytes of a file of `size` bytes the proof takes in, in this order; they may overlap.
  ///
  /// The position of range i is the first 8 bytes (big-endian) of SHA-256(challenge ‖ digest ‖ byte i) modulo the
  /// number of positions at which a whole range fits.
  package static func ranges(challenge: String, digest: Digest, size: Int64) -> [Range<Int64>] {
    guard size > wholeBytes else { return [0..<max(0, size)] }
    return (0..<rangeCount).map { index in
      var hash = begin(challenge: challenge, digest: digest)
      hash.update([UInt8(index)])
      let value = hash.digest().bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let start = Int64(value % UInt64(size - rangeBytes + 1))
      return start..<start + rangeBytes
    }
  }

  /// A proof before its ranges: challenge and digest are taken in.
  package static func begin(challenge: String, digest: Digest) -> SHA256Stream {
    var hash = SHA256Stream()
    hash.update(Array(challenge.utf8))
    hash.update(digest.bytes)
    return hash
  }

  /// Compares in a time that does not tell where two values differ.
  package static func isEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    guard one.count == other.count else { return false }
    return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

/// HMAC-SHA256 (RFC 2104).
package enum MessageCode {
  private static let blockBytes = 64

  package static func code(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    var key = key.count > blockBytes ? SHA256Stream.digest(of: key).bytes : key
    key += [UInt8](repeating: 0, count: blockBytes - key.count)
    var inner = SHA256Stream()
    inner.update(key.map { $0 ^ 0x36 })
    inner.update(message)
    var outer = SHA256Stream()
    outer.update(key.map { $0 ^ 0x5c })
    outer.update(inner.digest().bytes)
    return outer.digest().bytes
  }
}
