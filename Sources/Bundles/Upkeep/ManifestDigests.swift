import Blobs
import Platform
import Vocabulary

/// Reads nothing but the digests of a manifest's entries, and proves the manifest on the way: many times faster than
/// parsing its lines.
enum ManifestDigests {
  private static let pieceBytes = 1 << 18
  private static let before = Array("\"sha256\":\"".utf8)
  private static let after = Array("\",\"mode\":".utf8)
  /// From the mark before the digest to the end of a line: no mode and no time is longer.
  private static let tailBytes = 160

  /// - Throws: `ManifestError` or `BlobError` when the manifest is not whole and of this digest.
  static func visit(_ manifest: any BlobReader, digest: Digest, _ body: (Digest) -> Void) async throws {
    var stream = SHA256Stream()
    var rest: [UInt8] = []
    var isHeader = true
    var position: Int64 = 0
    while position < manifest.size {
      try Task.checkCancellation()
      let piece = try await manifest.read(pieceBytes, at: position)
      if piece.isEmpty { throw BlobError.missing("bytes of the manifest from \(position) on") }
      stream.update(piece)
      position += Int64(piece.count)
      rest += piece
      var start = rest.startIndex
      while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
        if isHeader {
          guard rest[start...end].elementsEqual(Manifest.header.utf8) else {
            throw malformed(rest[start..<end])
          }
          isHeader = false
        } else {
          body(try self.digest(in: rest[start..<end]))
        }
        start = end + 1
      }
      rest.removeFirst(start)
      if rest.count > Manifest.maximumLineBytes { throw malformed(rest[...]) }
    }
    guard rest.isEmpty, !isHeader, stream.digest() == digest else {
      throw BlobError.failed("manifest \(digest) does not have its digest")
    }
  }

  /// A path may contain what stands around a digest, so the last place counts; behind it is nothing of a client's.
  private static func digest(in line: ArraySlice<UInt8>) throws -> Digest {
    let tail = line.suffix(tailBytes)
    var start = tail.endIndex - before.count
    while start >= tail.startIndex {
      if tail[start] == before[0], tail[start..<start + before.count].elementsEqual(before) {
        let hex = tail[(start + before.count)...].prefix(64)
        guard tail[hex.endIndex...].starts(with: after),
          let digest = Digest(hex: String(decoding: hex, as: UTF8.self))
        else { break }
        return digest
      }
      start -= 1
    }
    throw malformed(line)
  }

  private static func malformed(_ line: ArraySlice<UInt8>) -> ManifestError {
    .malformed(String(decoding: line.prefix(200), as: UTF8.self))
  }
}
