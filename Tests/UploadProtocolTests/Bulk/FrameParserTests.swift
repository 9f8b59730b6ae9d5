import Testing
import UploadProtocol
import Vocabulary

struct FrameParserTests {
  private func frame(_ header: String, _ content: String = "") -> [UInt8] {
    let bytes = Array(header.utf8)
    let count = withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) }
    return count + bytes + Array(content.utf8)
  }
  private func read(_ input: [UInt8], cuts: [Int] = []) -> BulkReading {
    BulkReading.archive(input, cuts: cuts, FrameParser())
  }
  private let digest = String(repeating: "0f", count: 32)

  @Test("frames are read the same wherever they are cut")
  func everySplit() {
    let input =
      frame(#"{"path":"a/b","size":5}"#, "hello") + frame(#"{"path":"../x","size":4}"#, "evil")
      + frame(
        #"{ "size" : 0 , "path" : "\u00fc\ud83d\ude00" , "mtime":1.25, "mode":"0755", "sha256":"\#(digest)" }"#
      )
      + frame(#"{"path":"z","size":1,"mtime":null,"mode":null,"sha256":null}"#, "!")
    let whole = read(input)
    #expect(
      whole.lines == [
        "a/b 5: hello", "refused ../x: bad-path", "ü😀 0 0755 @1250 0f0f: ", "z 1: !",
      ])
    #expect(whole.failure == nil && !whole.isOpen)
    for cut in 0...input.count { #expect(read(input, cuts: [cut]) == whole, "\(cut)") }
    #expect(read(input, cuts: Array(1..<input.count)) == whole)
  }

  @Test("frames that end in the middle of one are cut off")
  func truncated() {
    let one = frame(#"{"path":"a","size":2}"#, "ok")
    for count in 1..<one.count {
      #expect(read(Array(one.prefix(count))).failure == "bad-archive", "\(count)")
    }
    let refused = frame(#"{"path":"/a","size":2}"#, "ok")
    #expect(read(Array(refused.dropLast())).failure == "bad-archive")
    #expect(read(refused).failure == nil)
    #expect(read([]) == BulkReading())
  }

  @Test(
    "a header whose end or size cannot be known ends it all",
    arguments: [
      "{}", "[]", "null", "", "{", #"{"path":"a"}"#, #"{"size":1}"#, #"{"path":"a","size":-1}"#,
      #"{"path":"a","size":1.5}"#, #"{"path":"a","size":"1"}"#, #"{"path":1,"size":1}"#,
      #"{"path":"a","size":9223372036854775808}"#, #"{"path":"a","size":1,"x":2}"#,
      #"{"path":"a","path":"b","size":1}"#, #"{"path":"a","size":1} x"#, #"{"path":"a","size":01}"#,
      #"{"path":"a","size":{}}"#, #"{"path":"\ud800","size":1}"#, #"{"path":"\x","size":1}"#,
      "{\"path\":\"a\nb\",\"size\":1}",
    ])
  func badHeaders(header: String) {
    #expect(read(frame(header, "x")).failure == "bad-archive")
  }

  @Test("bytes that are no UTF-8 are no JSON")
  func notText() {
    let header = Array(#"{"size":1,"path":""#.utf8) + [0xff] + Array(#""}"#.utf8)
    #expect(read([0, 0, 0, UInt8(header.count)] + header + [1]).failure == "bad-archive")
  }

  @Test(
    "a flaw that concerns one file refuses that file",
    arguments: [
      (#""path":"","size":1"#, "bad-path"), (#""path":"a\u0000","size":1"#, "bad-path"),
      (#""path":"a","size":1,"mode":"9""#, "bad-metadata"),
      (#""path":"a","size":1,"mode":420"#, "bad-metadata"),
      (#""path":"a","size":1,"mtime":"1""#, "bad-metadata"),
      (#""path":"a","size":1,"mtime":1e300"#, "bad-metadata"),
      (#""path":"a","size":1,"sha256":"00""#, "bad-metadata"),
    ])
  func refused(members: String, code: String) {
    let reading = read(frame("{\(members)}", "x") + frame(#"{"path":"good","size":2}"#, "ok"))
    #expect(reading.lines.count == 2 && reading.failure == nil)
    #expect(reading.lines[0].hasSuffix(code), "\(reading.lines)")
    #expect(reading.lines[1] == "good 2: ok")
  }

  @Test(
    "the length of a header is checked before it is read", arguments: [0, 8193, 0x7fff_ffff, 0xffff_ffff])
  func headerLimit(count: UInt32) {
    #expect(read(withUnsafeBytes(of: count.bigEndian) { Array($0) }).failure == "bad-archive")
  }
}
