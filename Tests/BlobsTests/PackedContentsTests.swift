import Blobs
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct PackedContentsTests {
  /// An index that a test fills.
  private final class TestIndex: ExtentIndex {
    let extents = Locked<[Digest: Extent]>([:])
    func extents(of digests: [Digest]) async throws(BlobError) -> [Digest: Extent] {
      extents.withLock { all in all.filter { digests.contains($0.key) } }
    }
  }

  private let fixture: DiskFixture
  private let index = TestIndex()
  private let store: DiskBlobStore

  init() throws {
    fixture = try DiskFixture()
    store = fixture.reopened(index: index)
  }

  private func put(_ content: [UInt8]) async throws -> Digest {
    let digest = SHA256Stream.digest(of: content)
    let extent = try await store.putSmall(content, digest: digest)
    index.extents.withLock { $0[digest] = extent }
    return digest
  }

  @Test("contents that lie together come in one piece each, whatever their sizes and order")
  func contents() async throws {
    var random = SeededRandom(seed: 7)
    var expected: [Digest: [UInt8]] = [:]
    for size in [0, 1, 100, 4096, 300_000, 0, 900_000, 2_000_000, 17] {
      let content = random.bytes(size)
      expected[try await put(content)] = content
    }
    #expect(try await store.packedContents(Array(expected.keys)) == expected)
    for (digest, content) in expected {
      #expect(try await store.packedContents([digest, digest]) == [digest: content])
    }
    #expect(try await store.packedContents([]) == [:])
  }

  @Test("what lies in no pack, in none that is there, or beyond its end is left out")
  func leftOut() async throws {
    let whole = try await put(Array("whole".utf8))
    let large = try await store.makeObject()
    try await large.write(Array("large".utf8))
    let alone = try await large.finish()
    let (gone, beyond) = (SHA256Stream.digest(of: [1]), SHA256Stream.digest(of: [2]))
    let pack = try #require(index.extents.withLock { $0[whole] }).pack
    let missing = PackID.make(clock: ManualClock(), entropy: SeededEntropy(seed: 99))
    index.extents.withLock {
      $0[gone] = Extent(pack: missing, offset: 50, length: 1)
      $0[beyond] = Extent(pack: pack, offset: 1 << 20, length: 1)
    }
    let found = try await store.packedContents([whole, alone, gone, beyond])
    #expect(found == [whole: Array("whole".utf8)])
  }

  @Test("going through many contents hands out each of them once, a bounded number of bytes at a time")
  func visiting() async throws {
    var random = SeededRandom(seed: 8)
    var objects: [(digest: Digest, size: Int64)] = []
    for _ in 0..<40 {
      let content = random.bytes(random.int(0...100_000))
      objects.append((try await put(content), Int64(content.count)))
    }
    var seen: [Digest: Int64] = [:]
    try await store.visitPacked(objects) { digest, content in
      #expect(SHA256Stream.digest(of: content) == digest)
      #expect(seen.updateValue(Int64(content.count), forKey: digest) == nil)
    }
    #expect(seen.count == Set(objects.map(\.digest)).count)
  }
}
