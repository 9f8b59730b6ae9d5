import Testing
import UploadProtocol
import Vocabulary

struct MultipartParserTests {
  private func part(_ disposition: String, _ content: String, more: String = "") -> String {
    "--b\r\nContent-Disposition: form-data; \(disposition)\r\n\(more)\r\n\(content)\r\n"
  }
  private func read(_ text: String, cuts: [Int] = []) -> BulkReading {
    BulkReading.form(Array(text.utf8), cuts: cuts)
  }

  @Test("the parts of a form are read the same wherever it is cut")
  func everySplit() {
    let text =
      "preamble\r\n--b \t\r\ncontent-disposition: form-data; name=\"push\"\r\n\r\nid\r\n"
      + part(
        "name=\"file\"; filename=\"a.txt\"", "\r\r\n\r\n-\r\n--\r\n--a\r\n--",
        more: "Content-Type: text/plain\r\n")
      + part("name=e; filename=\"\"", "") + part("name=\"c\"", "\r") + "--b--  \r\nepilogue --b\r\n"
    let whole = read(text)
    #expect(
      whole.lines == [
        "push: id", "file file=a.txt type=text/plain: \r\r\n\r\n-\r\n--\r\n--a\r\n--", "e file=: ", "c: \r",
      ])
    #expect(whole.failure == nil && !whole.isOpen)
    let count = text.utf8.count
    for cut in 0...count { #expect(read(text, cuts: [cut]) == whole, "\(cut)") }
    for cut in 0..<count - 2 { #expect(read(text, cuts: [cut, cut + 1, cut + 2]) == whole, "\(cut)") }
    #expect(read(text, cuts: Array(1..<count)) == whole)
  }

  @Test("a form that ends before its last boundary is cut off")
  func truncated() {
    let text = part("name=a", "1") + part("name=f; filename=x", "22") + "--b--"
    for count in 0..<text.utf8.count {
      #expect(
        read(String(text.prefix { _ in true }.utf8.prefix(count)) ?? "").failure == "bad-archive", "\(count)")
    }
    #expect(read(text).failure == nil)
  }

  @Test("a boundary is one only behind a line's end, and is followed by nothing else")
  func boundaries() {
    #expect(read(part("name=a", "x--b\r\n\n--b\r\n\r--b") + "--b--").lines == ["a: x--b\r\n\n--b\r\n\r--b"])
    for wrong in ["--bc\r\n", "--b-\r\n", "--b\n", "--b\r\r\n", "--b -- \r\n", "--b \u{b}\r\n"] {
      #expect(read(part("name=a", "x") + wrong).failure == "bad-archive", "\(wrong)")
    }
    #expect(read("--b--").lines.isEmpty && read("--b--").failure == nil)
    #expect(
      BulkReading.form(Array(part("name=a", "x").utf8) + Array("--b--".utf8), boundary: "bb").failure
        == "bad-archive")
  }

  @Test(
    "header fields that are malformed end the form",
    arguments: [
      "Content-Disposition: form-data; name=a\n\n",
      "Content-Disposition: form-data; name=a\r\n X: folded\r\n\r\n",
      "Content-Disposition form-data\r\n\r\n", ": x\r\n\r\n", "\r\n", "X: y\r\n\r\n",
      "Content-Disposition: attachment; name=a\r\n\r\n", "Content-Disposition: form-data\r\n\r\n",
      "Content-Disposition: form-data; name=\"a\r\n\r\n",
      "Content-Disposition: form-data; name=a; name=b\r\n\r\n",
      "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b\r\n\r\n",
      "Content-Disposition: form-data; name=a b\r\n\r\n", "Content-Disposition: form-data; name=a\0\r\n\r\n",
      "Content-Disposition: form-data; name=a; filename*=latin1''x\r\n\r\n",
      "Content-Disposition: form-data; name=a; filename*=UTF-8''%f\r\n\r\n",
      "Content-Disposition: form-data; name=a; filename*=UTF-8''%ff\r\n\r\n",
      "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n",
    ])
  func badHeaders(header: String) {
    #expect(read("--b\r\n\(header)x\r\n--b--").failure == "bad-archive")
  }

  @Test("header fields have limits of number and size")
  func limits() {
    func form(fields: Int, bytes: Int) -> BulkReading {
      let more =
        String(repeating: "X: y\r\n", count: fields - 1) + "Y: \(String(repeating: "z", count: bytes))\r\n"
      return read("--b\r\nContent-Disposition: form-data; name=a\r\n\(more)\r\n1\r\n--b--")
    }
    #expect(form(fields: 31, bytes: 1).failure == nil)
    #expect(form(fields: 32, bytes: 1).failure == "bad-archive")
    #expect(form(fields: 1, bytes: 16 << 10).failure == "bad-archive")
    #expect(form(fields: 1, bytes: 15 << 10).failure == nil)
  }

  @Test(
    "file names are read as browsers and curl write them",
    arguments: [
      (#"filename="a b;c.txt""#, "a b;c.txt"), (#"filename="C:\dir\x.txt""#, #"C:\dir\x.txt"#),
      (#"filename="a\"b\\c""#, #"a"b\c"#), (#"filename="a%22b%25""#, #"a"b%25"#),
      (#"filename=plain.txt"#, "plain.txt"),
      (#"filename="ü.txt""#, "ü.txt"), (#"filename="x"; filename*=UTF-8''%e2%82%ac.txt"#, "€.txt"),
      (#"FileName="x""#, "x"), (#"filename="%0d%0a""#, "%0d%0a"),
    ])
  func names(parameter: String, name: String) {
    let reading = read(part("name=f; \(parameter)", "1") + "--b--")
    #expect(reading.lines == ["f file=\(name): 1"] && reading.failure == nil)
  }

  @Test("a file name that is not UTF-8 is shown escaped")
  func notText() {
    let head = Array("--b\r\nContent-Disposition: form-data; name=f; filename=\"a".utf8)
    let input = head + [0xff] + Array("\"\r\n\r\n1\r\n--b--".utf8)
    #expect(BulkReading.form(input).lines == [#"f file=a\xff unreadable: 1"#])
  }

  @Test("the boundary comes from Content-Type, quoted or not, within its limits")
  func boundaryField() throws {
    func parse(_ text: String) -> String? {
      (try? MultipartBoundary.parse(text)).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(parse("multipart/form-data; boundary=----WebKitFormBoundary7M") == "----WebKitFormBoundary7M")
    #expect(parse("Multipart/Form-Data; charset=utf-8; Boundary=\"a b:c\"") == "a b:c")
    #expect(parse("multipart/form-data;boundary=" + String(repeating: "x", count: 70)) != nil)
    for bad in [
      "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a \"",
      "multipart/form-data; boundary=" + String(repeating: "x", count: 71),
      "multipart/form-data; boundary=\"a",
      "multipart/form-data; boundary=a; boundary=b", "multipart/form-data; boundary=ä",
      "multipart/form-data; boundary=\"a\\\"b\"",
    ] { #expect(parse(bad) == nil, "\(bad)") }
  }
}
