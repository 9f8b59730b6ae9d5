import Platform
import Testing
import Vocabulary

@Suite struct PossessionProofTests {
  private let challenge = "00ff"
  private func digest(_ text: String) -> Digest { SHA256Stream.digest(of: Array(text.utf8)) }

  @Test("D26 a proof of a small file takes in all of it, of an empty one nothing")
  func small() {
    for size in [0, 1, PossessionProof.wholeBytes] {
      #expect(
        PossessionProof.ranges(challenge: challenge, digest: digest("a"), size: size) == [0..<size])
    }
  }

  @Test(
    "D26 a proof of a large file takes in 16 ranges of 4 KiB that lie in it, and follow from challenge and digest"
  )
  func large() {
    for size in [PossessionProof.wholeBytes + 1, 1 << 30, Int64.max] {
      let ranges = PossessionProof.ranges(challenge: challenge, digest: digest("a"), size: size)
      #expect(ranges.count == 16)
      #expect(ranges.allSatisfy { $0.count == 4096 && $0.lowerBound >= 0 && $0.upperBound <= size })
      #expect(ranges == PossessionProof.ranges(challenge: challenge, digest: digest("a"), size: size))
      #expect(ranges != PossessionProof.ranges(challenge: "00fe", digest: digest("a"), size: size))
      #expect(ranges != PossessionProof.ranges(challenge: challenge, digest: digest("b"), size: size))
    }
  }

  @Test("D26 the positions of ranges are those that docs/api.md describes")
  func positions() {
    let size: Int64 = 1 << 20
    let file = digest("a")
    for (index, range) in PossessionProof.ranges(challenge: challenge, digest: file, size: size).enumerated()
    {
      let hashed = SHA256Stream.digest(of: Array(challenge.utf8) + file.bytes + [UInt8(index)]).bytes
      var value: UInt64 = 0
      for byte in hashed.prefix(8) { value = value * 256 + UInt64(byte) }
      #expect(range.lowerBound == Int64(value % UInt64(size - 4095)))
    }
  }

  @Test("equal bytes are equal, and bytes that differ anywhere or in number are not")
  func equality() {
    #expect(PossessionProof.isEqual([], []))
    #expect(PossessionProof.isEqual([1, 2, 3], [1, 2, 3]))
    for other: [UInt8] in [[0, 2, 3], [1, 2, 4], [1, 2], [1, 2, 3, 0]] {
      #expect(!PossessionProof.isEqual([1, 2, 3], other))
    }
  }

  @Test(
    "HMAC-SHA256 is that of RFC 4231, test cases 1, 2 and 6",
    arguments: [
      (
        [UInt8](repeating: 0x0b, count: 20), "Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
      ),
      (
        Array("Jefe".utf8), "what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
      ),
      (
        [UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
      ),
    ])
  func code(key: [UInt8], message: String, code: String) {
    #expect(Hexadecimal.encode(MessageCode.code(Array(message.utf8), key: key)) == code)
  }
}
