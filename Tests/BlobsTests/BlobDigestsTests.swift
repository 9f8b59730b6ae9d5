import Blobs
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct BlobDigestsTests {
  /// Bytes in memory; with `lost`, the last ones cannot be read any more.
  private final class MemoryBlob: BlobReader {
    let bytes: [UInt8]
    let lost: Int
    init(_ bytes: [UInt8], lost: Int = 0) {
      self.bytes = bytes
      self.lost = lost
    }
    var size: Int64 { Int64(bytes.count) }
    func read(_ count: Int, at offset: Int64) async throws(BlobError) -> [UInt8] {
      Array(bytes.dropLast(lost).dropFirst(Int(offset)).prefix(count))
    }
    func close() {}
  }

  private static let bytes: [UInt8] = {
    var random = SeededRandom(seed: 1)
    return random.bytes(2 * BlobDigests.blockBytes + 12_345)
  }()

  @Test(
    "a prefix has the digest of its bytes, at every side of a block's end",
    arguments: [
      0, 1, BlobDigests.blockBytes - 1, BlobDigests.blockBytes, BlobDigests.blockBytes + 1,
      2 * BlobDigests.blockBytes + 12_345,
    ])
  func prefix(count: Int) async throws {
    let digest = try await BlobDigests.prefix(Int64(count), of: MemoryBlob(Self.bytes))
    #expect(digest == SHA256Stream.digest(of: Array(Self.bytes[..<count])))
  }

  @Test(
    "every block below the end has its digest, the last may be short",
    arguments: [
      0, 1, BlobDigests.blockBytes, BlobDigests.blockBytes + 1, 2 * BlobDigests.blockBytes + 12_345,
    ])
  func blocks(end: Int) async throws {
    let digests = try await BlobDigests.blocks(to: Int64(end), of: MemoryBlob(Self.bytes))
    let wanted = stride(from: 0, to: end, by: BlobDigests.blockBytes).map { start in
      SHA256Stream.digest(of: Array(Self.bytes[start..<min(end, start + BlobDigests.blockBytes)]))
    }
    #expect(digests == wanted)
  }

  @Test("MUST-5 bytes that are gone are missing, not left out of the digest")
  func missing() async {
    let blob = MemoryBlob(Self.bytes, lost: 1)
    await #expect(throws: BlobError.self) { try await BlobDigests.prefix(blob.size, of: blob) }
    await #expect(throws: BlobError.self) { try await BlobDigests.blocks(to: blob.size, of: blob) }
  }

  @Test("nobody goes on hashing for a request that was cancelled")
  func cancellation() async {
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await BlobDigests.prefix(10, of: MemoryBlob(Self.bytes))
    }
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}
