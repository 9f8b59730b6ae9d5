import HTTPEdge
import TestSupport
import Testing

struct ByteRangeTests {
  @Test(
    "one range of bytes is served",
    arguments: [
      ("bytes=0-0", 0..<1), ("bytes=0-9", 0..<10), ("bytes=0-", 0..<10), ("bytes=3-5", 3..<6),
      ("bytes=9-", 9..<10),
      ("bytes=5-99", 5..<10), ("bytes=-3", 7..<10), ("bytes=-10", 0..<10), ("bytes=-11", 0..<10),
      ("BYTES=1-2", 1..<3), ("bytes= 1-2 ", 1..<3), ("bytes=1-99999999999999999999", 1..<10),
      ("bytes=-99999999999999999999", 0..<10), ("bytes=007-8", 7..<9),
      ("bytes=0-9223372036854775807", 0..<10),
    ] as [(String, Range<Int64>)])
  func part(field: String, range: Range<Int64>) {
    #expect(ByteRange(field, size: 10) == .part(range))
  }

  @Test(
    "several ranges, other units and nonsense ask for the whole",
    arguments: [
      nil, "", "bytes", "bytes=", "bytes=-", "bytes=5", "bytes=5-4", "bytes=1-2,4-5", "bytes=1-2,",
      "bytes=a-b",
      "bytes=--1", "bytes=1--2", "bytes=+1-2", "bytes=1-2-3", "lines=0-1", "bytes:0-1", "bytes=0x1-2",
      "bytes=１-２",
    ] as [String?])
  func whole(field: String?) {
    #expect(ByteRange(field, size: 10) == .whole)
  }

  @Test(
    "a range that begins behind the end, or is of no bytes, cannot be served",
    arguments: ["bytes=10-", "bytes=10-11", "bytes=99999999999999999999-", "bytes=-0"])
  func unsatisfiable(field: String) {
    #expect(ByteRange(field, size: 10) == .unsatisfiable)
  }

  @Test("an empty file has no first byte, and its last bytes are all of it")
  func empty() {
    #expect(ByteRange("bytes=0-", size: 0) == .unsatisfiable)
    #expect(ByteRange("bytes=-5", size: 0) == .whole)
  }

  @Test("whatever the field says, a served range lies inside of the file and is not empty", arguments: 0..<20)
  func randomFields(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let alphabet = Array("0123456789-,= bytesBYTES\u{0}\u{7f}é".unicodeScalars)
    for _ in 0..<2000 {
      var field = random.int(0...1) == 0 ? "bytes=" : ""
      for _ in 0..<random.int(0...24) { field.unicodeScalars.append(random.element(of: alphabet)) }
      if random.int(0...3) == 0 { field = String(decoding: random.bytes(random.int(0...30)), as: UTF8.self) }
      let size = random.element(of: [0, 1, 2, 10, Int64.max])
      guard case .part(let range) = ByteRange(field, size: size) else { continue }
      #expect(range.lowerBound >= 0 && range.upperBound <= size && !range.isEmpty, "\(field) of \(size)")
    }
  }
}
