import Testing
import UploadProtocol
import Vocabulary

struct TarParserTests {
  private func read(_ input: [UInt8], cuts: [Int] = []) -> BulkReading {
    BulkReading.archive(input, cuts: cuts, TarParser())
  }

  @Test("files of a tar archive are read the same wherever it is cut")
  func everySplit() {
    let input =
      TarBytes.entry("./a/", type: "5") + TarBytes.entry("./a/one", "hello") + TarBytes.entry("empty")
      + TarBytes.pax([("path", "ü/long"), ("mtime", "12.5")]) + TarBytes.entry("short", "pax")
      + TarBytes.entry("link", type: "2") + TarBytes.entry("last", "!") + TarBytes.end
    let whole = read(input)
    #expect(
      whole.lines == [
        "a/one 5 0644 @0: hello", "empty 0 0644 @0: ", "ü/long 3 0644 @12500: pax", "refused link: bad-path",
        "last 1 0644 @0: !",
      ])
    #expect(whole.failure == nil && !whole.isOpen)
    for cut in 0...input.count { #expect(read(input, cuts: [cut]) == whole, "\(cut)") }
    #expect(read(input, cuts: Array(1..<input.count)) == whole)
  }

  @Test("an archive that ends before its two empty blocks is cut off, wherever that is")
  func truncated() {
    let input = TarBytes.entry("a", "hello") + TarBytes.entry("b", "world") + TarBytes.end
    for count in 0..<input.count {
      #expect(read(Array(input.prefix(count))).failure == "bad-archive", "\(count)")
    }
    #expect(read(input).failure == nil)
  }

  @Test("what follows the end of the archive is not read")
  func rest() {
    let reading = read(TarBytes.entry("a") + TarBytes.end + TarBytes.entry("b") + [1, 2, 3])
    #expect(reading.lines == ["a 0 0644 @0: "] && reading.failure == nil)
  }

  @Test("an empty block between entries is refused")
  func emptyBlock() {
    let empty = [UInt8](repeating: 0, count: 512)
    #expect(read(empty + TarBytes.entry("a") + TarBytes.end).failure == "bad-archive")
  }

  @Test("a changed byte of a header is found by its checksum", arguments: [0, 99, 100, 124, 156, 257, 511])
  func damaged(index: Int) {
    var input = TarBytes.entry("a", "hello") + TarBytes.end
    input[index] ^= 1
    #expect(read(input).failure == "bad-archive")
  }

  @Test("B-20 a path that leads out of a bundle is refused, and the next file is read")
  func badPaths() {
    for name in ["/etc/passwd", "../x", "a/../../x", "..", "a//b", "", "./", "a\u{1}b", ".//x"] {
      let reading = read(TarBytes.entry(name, "evil") + TarBytes.entry("good", "ok") + TarBytes.end)
      let isFolder = name == "./"
      #expect(reading.failure == nil)
      #expect(reading.lines.last == "good 2 0644 @0: ok", "\(name)")
      #expect(reading.lines.first?.hasPrefix("refused") == !isFolder, "\(name): \(reading.lines)")
    }
  }

  @Test("a name that is not UTF-8 is refused and shown escaped")
  func notText() {
    let reading = read(TarBytes.entry([0x61, 0xff, 0xfe, 0x2e], [1]) + TarBytes.entry("good") + TarBytes.end)
    #expect(reading.lines == [#"refused a\xff\xfe.: bad-path"#, "good 0 0644 @0: "])
    let control = read(TarBytes.entry("a\u{1b}[2J", "") + TarBytes.end)
    #expect(control.lines == [#"refused a\x1b[2J: bad-path"#])
  }

  @Test("links, devices, pipes and unknown types are refused one by one", arguments: Array("12346VMZ"))
  func otherTypes(type: Character) {
    let hasContent = !"12346".contains(type)
    let size = Array("00000000005".utf8)
    let input =
      hasContent
      ? TarBytes.entry("x", "hello", type: type) : TarBytes.entry(Array("x".utf8), type: type, size: size)
    let reading = read(input + TarBytes.entry("good", "ok") + TarBytes.end)
    #expect(reading.lines == ["refused x: bad-path", "good 2 0644 @0: ok"] && reading.failure == nil)
  }

  @Test("a sparse file is refused with all of its map")
  func sparse() {
    var header = TarBytes.entry("x", "hello", type: "S")
    header[482] = 1
    let sum = header[..<512].enumerated().reduce(0) { $0 + ((148..<156).contains($1.0) ? 0x20 : Int($1.1)) }
    header.replaceSubrange(148..<155, with: Array(("000" + String(sum, radix: 8)).utf8).suffix(6) + [0])
    let map = [UInt8](repeating: 7, count: 504) + [1] + [UInt8](repeating: 7, count: 7)
    let last = [UInt8](repeating: 7, count: 504) + [UInt8](repeating: 0, count: 8)
    let reading = read(header[..<512] + map + last + header[512...] + TarBytes.entry("good") + TarBytes.end)
    #expect(reading.lines == ["refused x: bad-path", "good 0 0644 @0: "])
    #expect(reading.failure == nil)
    let pax = read(
      TarBytes.pax([("GNU.sparse.major", "1")]) + TarBytes.entry("y", "map") + TarBytes.entry("good")
        + TarBytes.end)
    #expect(pax.lines == ["refused y: bad-path", "good 0 0644 @0: "])
  }

  @Test("GNU long names and prefixes of ustar name a file; a header belongs to the entry behind it alone")
  func longNames() {
    let long = String(repeating: "d/", count: 120) + "f"
    let reading = read(
      TarBytes.entry(Array("././@LongLink".utf8), Array(long.utf8) + [0], type: "L")
        + TarBytes.entry("cut", "1") + TarBytes.entry("next", "2")
        + TarBytes.entry(Array("name".utf8), [], prefix: Array("dir/sub".utf8))
        + TarBytes.entry(Array("gnu".utf8), [], magic: "ustar  ", prefix: Array("12345".utf8)) + TarBytes.end)
    #expect(
      reading.lines == [
        "\(long) 1 0644 @0: 1", "next 1 0644 @0: 2", "dir/sub/name 0 0644 @0: ", "gnu 0 0644 @0: ",
      ])
  }

  @Test("a global header holds for all entries until another says otherwise; an empty value takes it back")
  func globalHeader() {
    let reading = read(
      TarBytes.pax([("mtime", "7"), ("comment", "x")], type: "g") + TarBytes.entry("a")
        + TarBytes.pax([("mtime", "8.25")]) + TarBytes.entry("b") + TarBytes.entry("c")
        + TarBytes.pax([("mtime", "")], type: "g") + TarBytes.entry("d") + TarBytes.end)
    #expect(
      reading.lines == [
        "a 0 0644 @7000: ", "b 0 0644 @8250: ", "c 0 0644 @7000: ", "d 0 0644 @0: ",
      ])
  }

  @Test("a pax size and a base-256 size count as octal ones do")
  func sizes() {
    let binary = [UInt8](repeating: 0, count: 12).enumerated().map { $0 == 0 ? 0x80 : $0 == 11 ? 5 : $1 }
    let reading = read(
      TarBytes.pax([("size", "5")]) + TarBytes.entry(Array("a".utf8), [], size: Array("00000000000".utf8))
        + Array("hello".utf8) + [UInt8](repeating: 0, count: 507)
        + TarBytes.entry(Array("b".utf8), Array("hello".utf8), size: binary) + TarBytes.end)
    #expect(reading.lines == ["a 5 0644 @0: hello", "b 5 0644 @0: hello"] && reading.failure == nil)
  }

  @Test("a size that is none, or beyond all bounds, ends the archive")
  func badSizes() {
    let huge: [UInt8] = [0x80] + [UInt8](repeating: 0xff, count: 11)
    let negative = [UInt8](repeating: 0xff, count: 12)
    for size in [huge, negative, Array("0000000000x".utf8), Array("12345678   9".utf8)] {
      let input = TarBytes.entry(Array("a".utf8), [], size: size) + TarBytes.end
      #expect(read(input).failure == "bad-archive")
    }
    for text in ["9223372036854775807", "99999999999999999999", "-1", "0x5", "1e9"] {
      let input = TarBytes.pax([("size", text)]) + TarBytes.entry("a") + TarBytes.end
      #expect(read(input).failure == "bad-archive", "\(text)")
    }
  }

  @Test("a claim of a great size costs nothing, and its lack is found")
  func largeClaim() {
    let size = Array("77777777777".utf8)
    let reading = read(TarBytes.entry(Array("a".utf8), [], size: size) + Array("some".utf8))
    #expect(reading.lines == ["a 8589934591 0644 @0: some"] && reading.isOpen)
    #expect(reading.failure == "bad-archive")
  }

  @Test("an extended header beyond its limit is refused before it is read")
  func largeExtension() {
    let size = Array(String(TarParser.maximumExtensionBytes + 1, radix: 8).utf8)
    for type in "xgLK" {
      let header = TarBytes.entry(Array("a".utf8), [], type: type, size: size)
      #expect(read(header).failure == "bad-archive")
    }
  }

  @Test(
    "a malformed record ends the archive",
    arguments: [
      "x path=a\n", "5 path=a\n", "99 path=a\n", "9 path=ab\n", "8 pathab\n", "10 path=ab\n", "\n", "0 a=\n",
      "00000000000000009 p=a\n",
    ])
  func badRecords(text: String) {
    let input = TarBytes.entry("pax", text, type: "x") + TarBytes.entry("a") + TarBytes.end
    #expect(read(input).failure == "bad-archive")
  }

  @Test(
    "a record with a wrong time refuses its entry and no other",
    arguments: ["1e3", "9999999999999", String(repeating: "1", count: 70)])
  func badTime(text: String) {
    let reading = read(
      TarBytes.entry("a") + TarBytes.pax([("mtime", text)]) + TarBytes.entry("b", "content")
        + TarBytes.entry("c") + TarBytes.end)
    #expect(reading.lines == ["a 0 0644 @0: ", "refused b: bad-metadata", "c 0 0644 @0: "])
    #expect(reading.failure == nil)
  }

  @Test("a path beyond a bundle's limit is refused, and shown cut")
  func longPath() {
    let path = String(repeating: "a/", count: 5000) + "b"
    let reading = read(
      TarBytes.pax([("path", path)]) + TarBytes.entry("x", "1") + TarBytes.entry("y") + TarBytes.end)
    #expect(reading.lines.count == 2 && reading.lines[0].utf8.count < 1100)
    #expect(reading.lines[1] == "y 0 0644 @0: ")
  }
}
