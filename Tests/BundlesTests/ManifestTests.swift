import Bundles
import TestSupport
import Testing
import Vocabulary

extension SeededRandom {
  mutating func entry(path: BundlePath? = nil) -> Entry {
    Entry(
      path: path ?? self.path(), size: Int64(int(0...3) == 0 ? int(0...(.max)) : int(0...5000)),
      digest: digest(),
      mode: int(0...2) == 0 ? nil : int(0...0o777),
      modifiedAt: int(0...2) == 0 ? nil : Timestamp(milliseconds: Int64(int(-(1 << 50)...(1 << 50)))))
  }
}

@Suite struct ManifestTests {
  @Test("D23 an entry survives its line, which is one line", arguments: 0..<300 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let entry = random.entry()
    let line = Manifest.line(entry)
    #expect(line.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
    #expect(line.utf8.last == UInt8(ascii: "\n"))
    let parsed = try Manifest.parse(line.utf8.dropLast())
    #expect(parsed == entry)
    #expect(parsed.path.text.utf8.elementsEqual(entry.path.text.utf8))
  }

  @Test("the form is canonical and as documented")
  func form() throws {
    let digest = try #require(Digest(bytes: Array(repeating: 0xab, count: 32)))
    let entry = Entry(
      path: try BundlePath("a/\"b\\ü"), size: 7, digest: digest, mode: 0o644,
      modifiedAt: Timestamp(milliseconds: 1_700_000_000_125))
    #expect(
      Manifest.line(entry)
        == #"{"path":"a/\"b\\ü","size":7,"sha256":"\#(digest.hex)","mode":"0644","mtimeMilliseconds":1700000000125}"#
        + "\n")
    let bare = Entry(path: try BundlePath("a"), size: 0, digest: digest, mode: nil, modifiedAt: nil)
    #expect(
      Manifest.line(bare)
        == #"{"path":"a","size":0,"sha256":"\#(digest.hex)","mode":null,"mtimeMilliseconds":null}"# + "\n")
    #expect(Manifest.header == "{\"format\":\"sheaf manifest 1\"}\n")
  }

  @Test("the longest path still fits a line that a reader takes")
  func longest() throws {
    let component = String(repeating: "\"", count: 255)
    let path = try BundlePath(Array(repeating: component, count: 16).joined(separator: "/"))
    var random = SeededRandom(seed: 1)
    var entry = random.entry(path: path)
    entry.size = .max
    entry.modifiedAt = Timestamp(milliseconds: .min)
    #expect(Manifest.line(entry).utf8.count < 9000)
    #expect(try Manifest.parse(Manifest.line(entry).utf8.dropLast()) == entry)
  }

  @Test("a line that is not canonical is refused")
  func malformed() throws {
    var random = SeededRandom(seed: 1)
    let good = String(Manifest.line(random.entry(path: try BundlePath("a"))).dropLast())
    #expect(throws: Never.self) { try Manifest.parse(good.utf8) }
    let bad = [
      "", "{}", "null", "[]", good + "\n", " " + good, good + " ", good + good, String(good.dropLast()),
      String(good.dropFirst()),
      good.replacing("\"a\"", with: "\"../a\""), good.replacing("\"a\"", with: "\"\""),
      good.replacing("\"a\"", with: "\"\\u0061\""), good.replacing("\"size\":", with: "\"size\":-"),
      good.replacing("\"size\":", with: "\"size\":0"),
      good.replacing("\"path\"", with: "\"extra\":1,\"path\""),
      good.replacing("\"sha256\":\"", with: "\"sha256\":\"0"), good.replacing("\"mode\"", with: "\"modes\""),
      "{\"format\":\"sheaf manifest 1\"}",
    ]
    for line in bad { #expect(throws: ManifestError.self, "\(line)") { try Manifest.parse(line.utf8) } }
    #expect(throws: ManifestError.self) { try Manifest.parse([0xff, 0xfe]) }
  }
}
