import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("Parsers of single fields")
struct FieldParserTests {
  @Test(
    "R-17 a file name in Content-Disposition",
    arguments: [
      ("inline; filename=a.txt", "a.txt"), ("attachment; filename=\"a b.txt\"", "a b.txt"),
      ("attachment;filename=\"a\\\"b\\\\c\"", "a\"b\\c"), ("INLINE ; FileName = \"a;b\" ; x=y", "a;b"),
      ("inline; filename=a; filename*=UTF-8''%e2%82%ac%20b", "€ b"),
      ("inline; filename*=utf-8'en'a%2Fb; filename=x", "a/b"), ("inline; filename*=iso-8859-1''%e9", "é"),
      ("inline; filename*=koi8-r''%e9; filename=x", "x"), ("inline; filename*=UTF-8''%ff; filename=x", "x"),
      ("inline; filename*=UTF-8''%zz; filename=x", "x"), ("inline; filename=a; filename=b", "a"),
    ])
  func disposition(text: String, name: String) {
    #expect(ContentDispositionParser.filename(text) == name)
  }

  @Test(
    "R-17 no file name in Content-Disposition",
    arguments: [
      "", "inline", "inline;", "filename=a", "inline; filename", "inline; filename=", "inline; filename=\"a",
      "inline; filename=\"a\\", "inline; name=a", "inline; filename=\"\"",
    ])
  func noDisposition(text: String) {
    #expect(ContentDispositionParser.filename(text) == nil)
  }

  @Test("percent-encoding is decoded once, or not at all")
  func percent() {
    #expect(PercentEncoding.decode("a%20b%2500".utf8) == Array("a b%00".utf8))
    #expect(PercentEncoding.decode("%C3%a9+".utf8) == Array("é+".utf8))
    for text in ["%", "%2", "%2g", "a%%20", "% 20"] { #expect(PercentEncoding.decode(text.utf8) == nil) }
  }

  @Test("T-79 an idempotency key has 1 to 255 printable characters")
  func idempotencyKey() throws {
    func key(_ text: String?) throws(ProblemError) -> String? {
      try (text.map { [.idempotencyKey: $0] } ?? [:] as HTTPFields).idempotencyKey()
    }
    #expect(try key(nil) == nil)
    #expect(try key("abc") == "abc")
    #expect(try key("\"a \\\"b\"") == "a \"b")
    #expect(try key(String(repeating: "a", count: 255))?.utf8.count == 255)
    for text in [String(repeating: "a", count: 256), "", "\"\"", "a b", "é", "\"a", "\"a\" b"] {
      #expect(throws: ProblemError.self) { try key(text) }
    }
  }

  @Test("T-70 at most a thousand parts are joined")
  func manyParts() throws {
    let url = "/files/\(anID)"
    func parse(_ count: Int) throws(ProblemError) -> Concatenation {
      try UploadConcatParser.parse("final;" + Array(repeating: url, count: count).joined(separator: " "))
    }
    guard case .final(let parts, _) = try parse(1000) else {
      Issue.record("not final")
      return
    }
    #expect(parts.count == 1000)
    #expect(throws: ProblemError.self) { try parse(1001) }
  }

  @Test("T-73 Upload-Concat is written as it came")
  func concatenation() throws {
    for raw in ["partial", "final;/files/\(anID)", "final; \(anID)  /files/\(anID)?x"] {
      #expect(UploadConcatParser.render(try UploadConcatParser.parse(raw)) == raw)
    }
  }

  @Test("T-20 R-17 no text makes a parser trap", arguments: 0..<20 as Range<UInt64>)
  func random(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<300 {
      let text = random.text(of: "inline; filename*=\"'\\%e9UTF-8'' \t,=", upTo: 60)
      if let name = ContentDispositionParser.filename(text) { #expect(!name.isEmpty) }
      _ = ContentRange(random.text(of: "bytes 0123456789-/*", upTo: 30))
      _ = try? UploadConcatParser.parse("final;" + random.text(of: "http://files/\(anID) :@", upTo: 90))
      _ = UploadRoute(path: "/files/" + random.text(of: "%2e5c0/..aé", upTo: 40))
    }
  }
}
