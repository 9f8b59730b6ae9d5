import TestSupport
import Testing
import Vocabulary

@Suite struct TextEncodingsTests {
  // RFC 4648 §10.
  @Test(
    "base 64 and hexadecimal have the values of RFC 4648",
    arguments: [
      ("", "", ""), ("f", "Zg==", "66"), ("fo", "Zm8=", "666f"), ("foo", "Zm9v", "666f6f"),
      ("foob", "Zm9vYg==", "666f6f62"), ("fooba", "Zm9vYmE=", "666f6f6261"),
      ("foobar", "Zm9vYmFy", "666f6f626172"),
    ])
  func vectors(text: String, base64: String, hex: String) {
    let bytes = Array(text.utf8)
    #expect(Base64.encode(bytes) == base64)
    #expect(Base64.decode(base64) == bytes)
    #expect(Base64.decode(base64.prefix { $0 != "=" }) == bytes)
    #expect(Hexadecimal.encode(bytes) == hex)
    #expect(Hexadecimal.decode(hex) == bytes)
    #expect(Hexadecimal.decode(hex.uppercased()) == bytes)
  }

  @Test("bytes survive base 64 and hexadecimal", arguments: 0..<200)
  func roundTrip(count: Int) {
    var random = SeededRandom(seed: UInt64(count))
    let bytes = random.bytes(count)
    #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    #expect(Base64.encode(bytes).utf8.count == (count + 2) / 3 * 4)
    #expect(Hexadecimal.decode(Hexadecimal.encode(bytes)) == bytes)
    #expect(Hexadecimal.encode(bytes).utf8.count == count * 2)
  }

  @Test("all 64 characters of base 64 have their value")
  func alphabet() {
    let bytes = (0..<64).reduce(into: [UInt8]()) { bytes, value in
      // Three values of six bits and a fourth make three bytes; here each group holds one value four times.
      let group = UInt32(value) << 18 | UInt32(value) << 12 | UInt32(value) << 6 | UInt32(value)
      bytes += [UInt8(group >> 16), UInt8(group >> 8 & 255), UInt8(group & 255)]
    }
    let text = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
      .map { String(repeating: $0, count: 4) }.joined()
    #expect(Base64.encode(bytes) == text)
    #expect(Base64.decode(text) == bytes)
  }

  @Test(
    "T-53 a text that is no base 64 is refused",
    arguments: [
      "A", "AAAAA", "=", "==", "====", "A=", "A==", "A===", "AA=", "AAA==", "AAAA=", "AAAA====", "=AAA",
      "A=AA",
      "AA=A", "AA==AAAA", "AB==", "AAB=", "AB", "AA A", " AAAA", "AAAA\n", "AA-_", "AA\u{0}A", "ÄÄ",
      "AAA\u{301}",
    ])
  func malformedBase64(text: String) { #expect(Base64.decode(text) == nil) }

  @Test(
    "a text that is no hexadecimal is refused",
    arguments: ["0", "000", "0g", "g0", " 00", "0x00", "ä", "0\u{0}"])
  func malformedHexadecimal(text: String) { #expect(Hexadecimal.decode(text) == nil) }
}
