import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct SHA256StreamTests {
  // FIPS 180-4 examples (NIST CSRC), and the empty message.
  @Test(
    "known messages have their known digests",
    arguments: [
      ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ])
  func vectors(text: String, times: Int, hex: String) {
    let message = Array(String(repeating: text, count: times).utf8)
    #expect(SHA256Stream.digest(of: message).hex == hex)
  }

  @Test("every split of a message in two gives the same digest")
  func splits() {
    var random = SeededRandom(seed: 1)
    let message = random.bytes(200)
    let whole = SHA256Stream.digest(of: message)
    for cut in 0...message.count {
      var stream = SHA256Stream()
      stream.update(Array(message[..<cut]))
      stream.update(Array(message[cut...]))
      #expect(stream.digest() == whole)
      #expect(stream.byteCount == 200)
    }
  }

  @Test("any split of a message in many parts gives the same digest", arguments: 0..<20 as Range<UInt64>)
  func manySplits(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let message = random.bytes(random.int(0...5000))
    var stream = SHA256Stream()
    var rest = message[...]
    while !rest.isEmpty {
      let part = rest.prefix(random.int(0...200))
      stream.update(Array(part))
      rest = rest.dropFirst(part.count)
    }
    #expect(stream.digest() == SHA256Stream.digest(of: message))
  }

  @Test("MUST-4 a state saved at any length is taken up to the same digest", arguments: 0...200)
  func savedState(length: Int) throws {
    var random = SeededRandom(seed: UInt64(length))
    let message = random.bytes(length + 150)
    var stream = SHA256Stream()
    stream.update(Array(message[..<length]))
    let state = stream.savedState
    #expect(state.count == 104)
    var resumed = try #require(SHA256Stream(savedState: state))
    #expect(resumed.byteCount == Int64(length))
    #expect(resumed.digest() == SHA256Stream.digest(of: Array(message[..<length])))
    resumed.update(Array(message[length...]))
    #expect(resumed.digest() == SHA256Stream.digest(of: message))
    // Saving and asking for the digest left the first stream as it was.
    stream.update(Array(message[length...]))
    #expect(stream.digest() == resumed.digest())
    #expect(stream.savedState == resumed.savedState)
  }

  @Test("a state keeps a count of bytes beyond 32 bits of bits")
  func longMessages() throws {
    var stream = SHA256Stream()
    let block = [UInt8](repeating: 0x61, count: 1 << 20)
    // 512 MiB and one byte: the bit count needs a 33rd bit. The digest is coreutils sha256sum's.
    for _ in 0..<256 { stream.update(block) }
    var resumed = try #require(SHA256Stream(savedState: stream.savedState))
    for _ in 0..<256 { resumed.update(block) }
    resumed.update([0x61])
    #expect(resumed.byteCount == 1 << 29 + 1)
    #expect(resumed.digest().hex == "bf6084769b780af4396e058ef0eaf9ca59366db146ca86ebfcaf58cbf7a35669")
  }

  @Test("what is no saved state is refused")
  func malformed() {
    for count in [0, 1, 8, 40, 103, 105, 208] {
      #expect(SHA256Stream(savedState: Array(repeating: 0, count: count)) == nil)
    }
    var negative = SHA256Stream().savedState
    negative[7] = 0x80
    #expect(SHA256Stream(savedState: negative) == nil)
  }
}

@Suite struct ChecksumStreamTests {
  private static let vectors: [(ChecksumAlgorithm, String, String)] = [
    (.crc32, "", "00000000"), (.crc32, "abc", "352441c2"), (.crc32, "123456789", "cbf43926"),
    (.md5, "", "d41d8cd98f00b204e9800998ecf8427e"), (.md5, "abc", "900150983cd24fb0d6963f7d28e17f72"),
    (.md5, "123456789", "25f9e794323b453885f5181f1b624d0b"),
    (.sha1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    (.sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (.sha1, "123456789", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
    (.sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (.sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (.sha256, "123456789", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    (
      .sha512, "",
      "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
    ),
    (
      .sha512, "abc",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    ),
    (
      .sha512, "123456789",
      "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85"
    ),
  ]

  @Test(
    "T-51 known messages have their known checksums, however they are split, empty chunks included",
    arguments: vectors)
  func known(algorithm: ChecksumAlgorithm, text: String, hex: String) {
    let message = Array(text.utf8)
    for cut in 0...message.count {
      let stream = ChecksumStream(algorithm)
      stream.update([UInt8]())
      stream.update(Array(message[..<cut]))
      stream.update([UInt8]())
      stream.update(NowhereChunk())
      stream.update(Array(message[cut...]))
      #expect(Hexadecimal.encode(stream.finish()) == hex)
    }
  }

  @Test(
    "T-50 every algorithm has vectors, and a checksum has its length", arguments: ChecksumAlgorithm.allCases)
  func complete(algorithm: ChecksumAlgorithm) {
    #expect(Self.vectors.contains { $0.0 == algorithm })
    #expect(ChecksumStream(algorithm).finish().count == algorithm.byteCount)
  }
}

/// An empty chunk without an address, as an empty buffer of the HTTP server may be.
private struct NowhereChunk: ByteChunk {
  var count: Int { 0 }
  func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try body(UnsafeRawBufferPointer(start: nil, count: 0))
  }
}
