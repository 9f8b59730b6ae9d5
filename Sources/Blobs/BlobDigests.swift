import Platform
import Vocabulary

/// Digests of stored bytes, read a block at a time.
package enum BlobDigests {
  /// Unit of `/blocks`: 1 MiB.
  package static let blockBytes = 1 << 20

  /// SHA-256 of the first `count` bytes.
  package static func prefix(_ count: Int64, of blob: any BlobReader) async throws -> Digest {
    var stream = SHA256Stream()
    while stream.byteCount < count {
      try Task.checkCancellation()
      let wanted = Int(min(Int64(blockBytes), count - stream.byteCount))
      let bytes = try await blob.read(wanted, at: stream.byteCount)
      guard bytes.count == wanted else {
        throw BlobError.missing("bytes from \(stream.byteCount + Int64(bytes.count)) on")
      }
      stream.update(bytes)
    }
    return stream.digest()
  }

  /// SHA-256 of every block below `end`; the last may be short.
  package static func blocks(to end: Int64, of blob: any BlobReader) async throws -> [Digest] {
    var digests: [Digest] = []
    var offset: Int64 = 0
    while offset < end {
      try Task.checkCancellation()
      let wanted = Int(min(Int64(blockBytes), end - offset))
      let bytes = try await blob.read(wanted, at: offset)
      guard bytes.count == wanted else {
        throw BlobError.missing("bytes from \(offset + Int64(bytes.count)) on")
      }
      digests.append(SHA256Stream.digest(of: bytes))
      offset += Int64(wanted)
    }
    return digests
  }
}
