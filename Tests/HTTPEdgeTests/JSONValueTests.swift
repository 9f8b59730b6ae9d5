import Foundation
import HTTPEdge
import TestSupport
import Testing
import Vocabulary

struct JSONValueTests {
  @Test("members keep their order and nothing is added")
  func order() {
    let value: JSONValue = ["b": 1, "a": [true, nil, "x", []], "c": [:]]
    #expect(value.encoded == #"{"b":1,"a":[true,null,"x",[]],"c":{}}"#)
  }

  @Test("a number that JSON cannot write is null")
  func numbers() {
    #expect(JSONValue.array([.number(.infinity), .number(.nan), .number(0.5)]).encoded == "[null,null,0.5]")
    #expect(JSONValue.integer(.min).encoded == "-9223372036854775808")
  }

  @Test(
    "quotes, backslashes, controls, line separators and < are escaped",
    arguments: [
      ("\"", #""\"""#), ("\\", #""\\""#), ("\n", #""\n""#), ("\r\n", #""\u000d\n""#), ("\u{0}", #""\u0000""#),
      ("\u{1f}", #""\u001f""#), ("\u{2028}\u{2029}", #""\u2028\u2029""#), ("</script>", #""\u003c/script>""#),
      ("ü日👩‍👩‍👧", "\"ü日👩‍👩‍👧\""), ("\"\u{301}", "\"\\\"\u{301}\""),
    ])
  func escapes(text: String, encoded: String) {
    #expect(JSONValue.string(text).encoded == encoded)
  }

  @Test("any text is read back by another parser, scalar for scalar", arguments: 0..<10)
  func roundTrip(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    for _ in 0..<100 {
      let text = String(decoding: random.bytes(random.int(0...60)), as: UTF8.self) + random.path().text
      let encoded = JSONValue.object([.init(text, .string(text))]).encoded
      let parsed = try JSONDecoder().decode([String: String].self, from: Data(encoded.utf8))
      #expect(parsed.keys.first.map { Array($0.utf8) } == Array(text.utf8))
      #expect(parsed.values.first.map { Array($0.utf8) } == Array(text.utf8))
      #expect(!encoded.utf8.contains { $0 < 0x20 })
    }
  }
}
