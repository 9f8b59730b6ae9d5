import Platform
import Vocabulary

/// A local file that may have blocks of a wanted content at the same places. Call on the executor.
struct OlderVersion: Sendable {
  /// Blocks that are compared to find where fetching can stop.
  private static let lookAhead = 64

  let file: any OpenFile
  /// Of the wanted content.
  private let size: Int64
  private let blockBytes: Int64
  private let digests: [Digest?]

  init(file: any OpenFile, blocks: BlocksAnswer, size: Int64) {
    self.file = file
    self.size = size
    // Blocks of a server that cuts others would not fit into memory, or be none.
    blockBytes = (1...(16 << 20)).contains(blocks.blockBytes) ? blocks.blockBytes : size
    digests = blockBytes == blocks.blockBytes ? blocks.blocks.map { Digest(hex: $0) } : []
  }

  /// The wanted content's block that begins at `offset`, if this file has it there.
  func block(at offset: Int64) throws -> [UInt8]? {
    guard offset % blockBytes == 0, let index = Int(exactly: offset / blockBytes), index < digests.count,
      let digest = digests[index]
    else { return nil }
    let count = Int(min(blockBytes, size - offset))
    let bytes = try file.readBytes(count, at: offset)
    return bytes.count == count && SHA256Stream.digest(of: bytes) == digest ? bytes : nil
  }

  /// Where the next block of this file can be taken, or, where none is near, where to look again; nil when nothing is left
  /// to be looked at.
  func nextBlock(after offset: Int64) throws -> Int64? {
    var next = (offset / blockBytes + 1) * blockBytes
    for _ in 0..<Self.lookAhead {
      guard next < size else { return nil }
      if try block(at: next) != nil { return next }
      next += blockBytes
    }
    return next < size ? next : nil
  }
}
