import TestSupport
import Testing
import Vocabulary

@Suite struct BundlePathTests {
  @Test(
    "a path that a folder can hold is taken as it is",
    arguments: [
      "a", "a/b", "a.b/c d/é", "...", "..a", "a..", ".hidden", "日本/語", "a\\b", "C:", "~", "-rf", " ",
      "e\u{301}",
      String(repeating: "x", count: 255), "x/\u{301}", "\u{600}/b",
    ])
  func accepts(text: String) throws {
    let path = try BundlePath(text)
    #expect(path.text.utf8.elementsEqual(text.utf8))
    #expect(path.components.joined(separator: "/").utf8.elementsEqual(text.utf8))
  }

  @Test(
    "B-20 a path that is not safe below every folder is refused, naming it",
    arguments: [
      "", "/", "/a", "//", "a/", "a//b", "/..", ".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b",
      "../../x",
      "a\u{0}b", "a\nb", "\u{1b}[0m", "\u{7f}", "a\r\n", "\u{fffd}", String(repeating: "x", count: 256),
      "a/" + String(repeating: "ä", count: 128), String(repeating: "a/", count: 2048) + "b",
    ])
  func refuses(text: String) {
    let error = #expect(throws: ProblemError.self) { try BundlePath(text) }
    #expect(error?.problem == .badPath)
    #expect(error?.members["path"] == .text(text))
    #expect(error?.detail.hasPrefix("path \(quoted(text)) ") == true)
  }

  @Test(
    "B-20 a character that joins a slash does not hide it",
    arguments: [
      "../\u{301}x", "a/../\u{301}", "\u{600}/../x", "\u{600}/..", "a//\u{301}", "/\u{301}", "a/./\u{fe0f}",
      "../\u{200d}",
    ])
  func joined(text: String) {
    let error = #expect(throws: ProblemError.self) { try BundlePath(text) }
    #expect(error?.problem == .badPath)
  }

  @Test("every flaw is told in words of its own")
  func flaws() throws {
    let flaws: [(String, String)] = [
      ("", "is empty"), ("/a", "is absolute"), ("a\u{0}", "control character"),
      ("\u{fffd}", "not valid UTF-8"),
      ("a//b", "empty component"), ("a/../b", "component \"..\""), (".", "component \".\""),
      (String(repeating: "x", count: 256), "component longer than 255"),
      (String(repeating: "x/", count: 2048) + "x", "longer than 4096"),
    ]
    for (text, words) in flaws {
      let error = #expect(throws: ProblemError.self) { try BundlePath(text) }
      #expect(error?.detail.contains(words) == true, "\(quoted(text))")
    }
  }

  @Test("the limits are reached, not only approached")
  func limits() throws {
    let longest =
      String(repeating: String(repeating: "x", count: 255) + "/", count: 15)
      + String(repeating: "y", count: 255) + "/"
    #expect(try BundlePath(String(longest.dropLast())).text.utf8.count == 4095)
    #expect(throws: ProblemError.self) { try BundlePath(longest + "zz") }
  }

  @Test("a path is its bytes: two spellings of one character are two paths")
  func spellings() throws {
    let composed = try BundlePath("\u{e9}")
    let decomposed = try BundlePath("e\u{301}")
    #expect(composed.text == decomposed.text)
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed]).count == 2)
    #expect(decomposed < composed)
  }

  @Test("paths sort by their bytes", arguments: 0..<10 as Range<UInt64>)
  func order(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let paths = (0..<100).map { _ in random.path() }.sorted()
    for (left, right) in zip(paths, paths.dropFirst()) {
      #expect(!right.text.utf8.lexicographicallyPrecedes(left.text.utf8))
    }
  }

  @Test("a folder contains what is below it and nothing else")
  func contains() throws {
    let folder = try BundlePath("a/b")
    for below in ["a/b/c", "a/b/c/d", "a/b/\u{301}"] { #expect(folder.contains(try BundlePath(below))) }
    for other in ["a", "a/b", "a/bc", "a/b-/c", "a/B/c", "b/a/b"] {
      #expect(!folder.contains(try BundlePath(other)))
    }
    #expect(try BundlePath("x/y/z").lastComponent == "z")
    #expect(try BundlePath("z").lastComponent == "z")
  }
}

@Suite struct QuotedTests {
  @Test("quoted text has no control character and no quote of its own", arguments: 0..<30 as Range<UInt64>)
  func safe(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let scalars = (0..<100).compactMap { _ in
      Unicode.Scalar(UInt32(random.int(1...3) == 1 ? random.int(0...0x9f) : random.int(0...0x2fff)))
    }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    let shown = Array(quoted(String(text)).unicodeScalars)
    #expect(shown.allSatisfy { $0.value >= 0x20 && !(0x7f..<0xa0).contains($0.value) })
    var isEscaped = false
    for scalar in shown.dropFirst().dropLast() {
      #expect(scalar != "\"" || isEscaped)
      isEscaped = scalar == "\\" && !isEscaped
    }
    #expect(!isEscaped)
    #expect(shown.first == "\"" && shown.last == "\"")
  }

  @Test("text that turns directions, breaks lines or commands terminals is shown as such")
  func unseen() {
    #expect(quoted("a\u{202e}b\u{2066}") == #""a\u{202E}b\u{2066}""#)
    #expect(quoted("\u{2028}\u{9b}31m") == #""\u{2028}\u{009B}31m""#)
    #expect(quoted("é 日本 😀") == "\"é 日本 😀\"")
  }

  @Test("long text is shortened, and one can see it")
  func long() {
    #expect(quoted("abc") == "\"abc\"")
    #expect(quoted(String(repeating: "x", count: 200)) == "\"" + String(repeating: "x", count: 200) + "\"")
    #expect(quoted(String(repeating: "x", count: 201)) == "\"" + String(repeating: "x", count: 200) + "…\"")
    #expect(quoted(String(repeating: "\u{0}", count: 1_000_000)).utf8.count < 1000)
  }
}
