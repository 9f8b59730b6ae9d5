import HTTPEdge
import TestSupport
import Testing
import Vocabulary

struct ContentDispositionTests {
  @Test(
    "a name is given twice: plain for old clients, whole for the others",
    arguments: [
      ("film.mp4", "film.mp4", "film.mp4"),
      ("my film.mp4", "my film.mp4", "my%20film.mp4"),
      ("a\"b.txt", "a_b.txt", "a%22b.txt"),
      ("50%41.txt", "50_41.txt", "50%2541.txt"),
      ("größe.txt", "gr__e.txt", "gr%C3%B6%C3%9Fe.txt"),
      ("日本.txt", "__.txt", "%E6%97%A5%E6%9C%AC.txt"),
      ("a;b'c.txt", "a;b'c.txt", "a%3Bb%27c.txt"),
    ])
  func names(name: String, plain: String, encoded: String) {
    #expect(
      ContentDisposition.attachment.value(name: name)
        == "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(encoded)")
  }

  @Test(
    "only the last part of a path names the file",
    arguments: ["/etc/x.txt", "a/b/x.txt", "C:\\temp\\x.txt", "x.txt"])
  func paths(name: String) {
    #expect(
      ContentDisposition.inline.value(name: name) == "inline; filename=\"x.txt\"; filename*=UTF-8''x.txt")
  }

  @Test("what names no file is called file", arguments: ["", ".", "..", "...", "a/", "a\\", "../"])
  func namesOfNothing(name: String) {
    #expect(
      ContentDisposition.attachment.value(name: name)
        == "attachment; filename=\"file\"; filename*=UTF-8''file")
  }

  @Test(
    "line ends, controls and marks that turn the writing direction do not get through",
    arguments: [
      "a\r\nX-Evil: 1", "a\u{0}b", "a\u{7f}", "a\u{9d}", "exe\u{202e}fdp.exe", "a\u{2066}b", "a\u{2028}b",
    ])
  func deceptive(name: String) {
    let value = ContentDisposition.attachment.value(name: name)
    for escape in ["%0D", "%0A", "%00", "%7F", "%C2%9D", "%E2%80", "%E2%81"] {
      #expect(!value.contains(escape))
    }
    #expect(value.contains("_"))
  }

  @Test("the value is printable ASCII with the same two quotes, whatever the name is", arguments: 0..<20)
  func randomNames(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<300 {
      let bytes = random.bytes(random.int(0...400))
      let name = random.int(0...1) == 0 ? random.path().text : String(decoding: bytes, as: UTF8.self)
      let value = ContentDisposition.attachment.value(name: name)
      #expect(value.utf8.allSatisfy { (0x20...0x7e).contains($0) })
      #expect(value.utf8.filter { $0 == UInt8(ascii: "\"") }.count == 2)
      let quoted = value.split(separator: "\"")[1]
      #expect(!quoted.contains("/") && !quoted.contains("\\") && !quoted.contains("%"))
    }
  }
}
