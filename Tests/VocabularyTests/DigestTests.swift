import TestSupport
import Testing
import Vocabulary

@Suite struct DigestTests {
  private let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  @Test("a digest survives its hexadecimal form, which is written in lower case")
  func hexadecimal() throws {
    let digest = try #require(Digest(hex: hex.uppercased()))
    #expect(digest.hex == hex)
    #expect(digest.description == hex)
    #expect(Digest(bytes: digest.bytes) == digest)
    #expect(Digest(hex: hex) == digest)
  }

  @Test("the value of Repr-Digest is a structured-field byte sequence")
  func reprDigest() throws {
    let digest = try #require(Digest(hex: hex))
    #expect(digest.reprDigest == "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:")
  }

  @Test("anything but 32 bytes is no digest")
  func rejects() {
    #expect(Digest(hex: "") == nil)
    #expect(Digest(hex: String(hex.dropLast())) == nil)
    #expect(Digest(hex: hex.dropLast(2)) == nil)
    #expect(Digest(hex: hex + "00") == nil)
    #expect(Digest(hex: "g" + hex.dropFirst()) == nil)
    #expect(Digest(bytes: []) == nil)
    #expect(Digest(bytes: Array(repeating: 0, count: 31)) == nil)
    #expect(Digest(bytes: Array(repeating: 0, count: 33)) == nil)
  }

  @Test("digests sort as their bytes do", arguments: 0..<20 as Range<UInt64>)
  func order(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let digests = (0..<50).map { _ in random.digest() }.sorted()
    for (left, right) in zip(digests, digests.dropFirst()) {
      #expect(left.bytes.lexicographicallyPrecedes(right.bytes))
    }
  }

  @Test("T-53 a checksum has exactly its algorithm's length", arguments: ChecksumAlgorithm.allCases)
  func checksums(algorithm: ChecksumAlgorithm) {
    for count in 0...65 {
      let checksum = Checksum(algorithm: algorithm, bytes: Array(repeating: 0, count: count))
      #expect((checksum != nil) == (count == algorithm.byteCount))
    }
  }

  @Test("T-50 sha1 is among the algorithms, and their names are the specification's")
  func names() {
    #expect(Set(ChecksumAlgorithm.allCases.map(\.rawValue)) == ["sha1", "sha256", "sha512", "md5", "crc32"])
  }
}
