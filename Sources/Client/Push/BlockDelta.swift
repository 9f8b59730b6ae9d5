import Vocabulary

/// Which blocks of a file an older version of it has at the same place, so that the server can take them from there.
package struct BlockDelta: Sendable, Equatable {
  /// Files below this size are sent as a whole.
  package static let smallestFile: Int64 = 8 << 20
  /// Most bytes of one copy.
  static let mostCopied: Int64 = 256 << 20

  /// Where the older version is.
  package let bundle: String
  package let path: BundlePath
  /// The digest that the file will have.
  package let digest: Digest
  /// In order, without gaps of nothing between two.
  package let ranges: [Range<Int64>]

  /// nil when no whole block is the same.
  package init?(
    bundle: String, path: BundlePath, digest: Digest, size: Int64, local: [Digest], remote: BlocksAnswer
  ) {
    guard remote.blockBytes > 0 else { return nil }
    var ranges: [Range<Int64>] = []
    for (index, pair) in zip(local, remote.blocks).enumerated() {
      let start = Int64(index) * remote.blockBytes
      let end = min(start + remote.blockBytes, size)
      // A short block at the end of one of the two covers other bytes than a whole one.
      guard end <= remote.offset, pair.0 == Digest(hex: pair.1) else { continue }
      if let last = ranges.last, last.upperBound == start {
        ranges[ranges.count - 1] = last.lowerBound..<end
      } else {
        ranges.append(start..<end)
      }
    }
    guard !ranges.isEmpty else { return nil }
    (self.bundle, self.path, self.digest, self.ranges) = (bundle, path, digest, ranges)
  }

  /// What can be copied from `offset` on; nil when the byte there has to be sent.
  func copied(from offset: Int64) -> Range<Int64>? {
    guard let range = ranges.first(where: { $0.contains(offset) }) else { return nil }
    return offset..<min(range.upperBound, offset + Self.mostCopied)
  }

  /// Where sending from `offset` on can stop, as the next bytes can be copied; nil when none follow.
  func nextCopy(after offset: Int64) -> Int64? { ranges.first { $0.lowerBound > offset }?.lowerBound }
}
