import TestSupport
import Testing
import Vocabulary

@Suite struct IdentifierTests {
  @Test("ids sort by their time, whatever their random bytes are", arguments: 0..<20 as Range<UInt64>)
  func order(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let times = (0..<200).map { _ in Int64(random.int(0...(1 << 48 - 1))) }
    let ids = times.map { UploadID(milliseconds: $0, random: random.bytes(10)) }
    for (left, right) in zip(zip(times, ids), zip(times, ids).dropFirst()) where left.0 != right.0 {
      #expect((left.0 < right.0) == (left.1 < right.1))
    }
  }

  @Test("an id survives its text", arguments: 0..<50 as Range<UInt64>)
  func roundTrip(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let id: PushID = random.id()
    #expect(PushID(id.text) == id)
    #expect(id.text.utf8.count == 26)
    #expect(id.description == id.text)
  }

  @Test("an id is a UUID of version 7 and variant 2 in 128 bits, first bit first")
  func layout() {
    let zeros = UploadID(milliseconds: 0, random: Array(repeating: 0, count: 10))
    #expect(zeros.text == "0000000000e008000000000000")
    let ones = UploadID(milliseconds: 0xffff_ffff_ffff, random: Array(repeating: 0xff, count: 10))
    #expect(ones.text == "7zzzzzzzzzfzzvzzzzzzzzzzzz")
  }

  @Test(
    "other texts are no ids",
    arguments: [
      "", "0", "0000000000000000000000000", "000000000000000000000000000", "80000000000000000000000000",
      "zzzzzzzzzzzzzzzzzzzzzzzzzz", "0000000000000000000000000A", "0000000000000000000000000i",
      "0000000000000000000000000l", "0000000000000000000000000o", "0000000000000000000000000u",
      "000000000000000000000000/.", "00000000000000000000000\u{e4}0", "0000000000000000000000000\u{0}",
      " 000000000000000000000000 ",
    ])
  func rejects(text: String) { #expect(UploadID(text) == nil) }
}
