import Client
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct DigestCacheTests {
  private let folder: TemporaryFolder
  private let digest = SHA256Stream.digest(of: [1])
  private let now = Timestamp(milliseconds: 10_000)

  init() throws { folder = try TemporaryFolder() }

  private func info(
    inode: UInt64 = 1, size: Int64 = 3, modified: Int64 = 5, changed: Int64 = 5, device: UInt64 = 9
  ) -> FileInfo {
    FileInfo(
      kind: .file, size: size, modifiedNanoseconds: modified * 1_000_000_000, mode: 0o644, device: device,
      inode: inode, changedNanoseconds: changed * 1_000_000_000)
  }

  private func cache() -> DigestCache { DigestCache(folder: folder.child("state")) }

  @Test("D26 what a run remembered the next one knows, for that very file only")
  func remembers() throws {
    let cache = cache()
    cache.remember(digest, of: info(), hashedAt: now)
    #expect(cache.digest(of: info()) == digest)
    try cache.save()
    let next = self.cache()
    #expect(next.digest(of: info()) == digest)
    let others = [
      info(inode: 2), info(size: 4), info(modified: 6), info(changed: 6), info(device: 8),
    ]
    for other in others { #expect(next.digest(of: other) == nil) }
  }

  @Test("D26 a file that changed within two seconds before it was hashed is not remembered")
  func racy() {
    let cache = cache()
    for racy in [info(modified: 9), info(changed: 9), info(modified: 12)] {
      cache.remember(digest, of: racy, hashedAt: now)
      #expect(cache.digest(of: racy) == nil)
    }
    cache.remember(digest, of: info(modified: 8, changed: 8), hashedAt: now)
    #expect(cache.digest(of: info(modified: 8, changed: 8)) == digest)
  }

  @Test("D26 a damaged, shortened or foreign cache is an empty one, and is replaced")
  func damaged() throws {
    let cache = cache()
    for inode in 1...10 { cache.remember(digest, of: info(inode: UInt64(inode)), hashedAt: now) }
    try cache.save()
    let bytes = try folder.bytes(of: "state/digests")
    var flipped = bytes
    flipped[40] ^= 1
    for wrong in [flipped, Array(bytes.dropLast()), Array(bytes.prefix(20)), [], Array("{}".utf8)] {
      try folder.write(wrong, to: "state/digests")
      let damaged = self.cache()
      #expect(damaged.digest(of: info()) == nil)
      damaged.remember(digest, of: info(), hashedAt: now)
      try damaged.save()
      #expect(self.cache().digest(of: info()) == digest)
    }
  }

  @Test("D26 of more files than the cache takes, the newest are remembered, and nothing breaks")
  func full() throws {
    func cache() -> DigestCache { DigestCache(folder: folder.child("state"), maximumCount: 3) }
    let first = cache()
    for inode in 1...3 { first.remember(digest, of: info(inode: UInt64(inode)), hashedAt: now) }
    try first.save()
    let second = cache()
    for inode in 4...7 { second.remember(digest, of: info(inode: UInt64(inode)), hashedAt: now) }
    // Files of the earlier run are asked for when there is no room for them any more.
    for inode in 1...3 { #expect(second.digest(of: info(inode: UInt64(inode))) == digest) }
    try second.save()
    let third = cache()
    let known = (1...7).filter { third.digest(of: info(inode: UInt64($0))) != nil }
    #expect(known == [4, 5, 6])
  }

  @Test("D26 files of earlier runs stay beside those of this one")
  func merges() throws {
    let first = cache()
    first.remember(digest, of: info(inode: 1), hashedAt: now)
    try first.save()
    let second = cache()
    second.remember(digest, of: info(inode: 2), hashedAt: now)
    try second.save()
    let third = cache()
    #expect(third.digest(of: info(inode: 1)) == digest && third.digest(of: info(inode: 2)) == digest)
  }
}

@Suite struct BlockDeltaTests {
  private let digests = (0..<6).map { SHA256Stream.digest(of: [UInt8($0)]) }

  private func delta(_ local: [Int], _ remote: [Int], size: Int64, offset: Int64) throws -> BlockDelta? {
    BlockDelta(
      bundle: "b", path: try BundlePath("a"), digest: digests[0], size: size,
      local: local.map { digests[$0] },
      remote: BlocksAnswer(blockBytes: 10, offset: offset, blocks: remote.map { digests[$0].hex }))
  }

  @Test("D26 equal blocks at equal places are copied, neighbours together")
  func ranges() throws {
    #expect(try delta([0, 1, 2, 3], [0, 1, 5, 3], size: 40, offset: 40)?.ranges == [0..<20, 30..<40])
  }

  @Test("D26 nothing is copied when no block is the same")
  func nothing() throws {
    #expect(try delta([0, 1], [1, 0], size: 20, offset: 20) == nil)
    #expect(try delta([0], [], size: 10, offset: 0) == nil)
  }

  @Test("D26 a short last block is copied only from where the older file has all of it")
  func short() throws {
    #expect(try delta([0, 1], [0, 1], size: 15, offset: 15)?.ranges == [0..<15])
    #expect(try delta([0, 1, 2], [0, 1], size: 25, offset: 15)?.ranges == [0..<10])
  }
}
