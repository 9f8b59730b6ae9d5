import Testing
import Vocabulary

@Suite struct BagFormatTests {
  @Test(
    "RFC 8493 §2.1.3 ends of lines and percent signs of a path are encoded, and come back",
    arguments: [
      ("plain/ü", "plain/ü"), ("50%", "50%25"), ("%0A", "%250A"), ("a\nb", "a%0Ab"),
      ("a\r\nb%", "a%0D%0Ab%25"),
      ("%25", "%2525"), ("a\r\u{301}", "a%0D\u{301}"),
    ])
  func paths(path: String, encoded: String) {
    #expect(BagFormat.encoded(path) == encoded)
    #expect(BagFormat.decoded(encoded).utf8.elementsEqual(path.utf8))
  }

  @Test(
    "what other programs leave as it is stays", arguments: ["50%", "a%2Fb", "%zz", "%", "%2", "%\u{301}0A"])
  func lenient(text: String) { #expect(BagFormat.decoded(text) == text) }

  @Test("a description of several lines is one value")
  func info() {
    let text = BagFormat.info(
      date: Timestamp(milliseconds: 1_795_000_000_000), fileCount: 3, byteCount: 70, identifier: "r@id",
      description: "first\nsecond\r\n\nthird: x")
    #expect(text.contains("\nBagging-Date: 2026-11-18\n"))
    #expect(text.contains("\nPayload-Oxum: 70.3\n"))
    #expect(text.hasSuffix("\nInternal-Sender-Description: first second third: x\n"))
  }
}
