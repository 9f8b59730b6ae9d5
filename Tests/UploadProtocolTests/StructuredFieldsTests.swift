import HTTPTypes
import Testing
import UploadProtocol

@Suite("Structured fields")
struct StructuredFieldsTests {
  private let name = HTTPField.Name.uploadOffset
  private func fields(_ lines: String...) -> HTTPFields {
    var fields = HTTPFields()
    for line in lines { fields.append(HTTPField(name: name, value: line)) }
    return fields
  }

  @Test("R-1 an integer may have blanks around it and parameters behind it")
  func integer() {
    #expect(fields("5").structuredInteger(name) == .value(5))
    #expect(fields(" 5 ").structuredInteger(name) == .value(5))
    #expect(fields("5;a;b=1").structuredInteger(name) == .value(5))
    #expect(fields("007").structuredInteger(name) == .value(7))
    #expect(fields("5", "5").structuredInteger(name) == .value(5))
    #expect(fields("999999999999999").structuredInteger(name) == .value(999_999_999_999_999))
    #expect(fields().structuredInteger(name) == .absent)
  }

  @Test(
    "R-1 T-2 what is no such integer is malformed, never absent",
    arguments: ["-1", "+5", "1e3", "5.0", "5,5", "(5)", "?1", "\"5\"", "", "1000000000000000", "5 6", "٥"])
  func malformed(text: String) {
    guard case .malformed = fields(text).structuredInteger(name) else {
      Issue.record("\(text) was taken")
      return
    }
  }

  @Test("R-3 a boolean is ?0 or ?1; all else is ignored")
  func boolean() {
    #expect(fields("?1").structuredBoolean(name) == true)
    #expect(fields("?0;x").structuredBoolean(name) == false)
    for text in ["1", "true", "?2", "?1, ?1", "", "?", "\"?1\""] {
      #expect(fields(text).structuredBoolean(name) == nil)
    }
    #expect(fields("?1", "?0").structuredBoolean(name) == nil)
  }

  @Test("R-5 a dictionary of integers keeps its order; one of another type spoils it all")
  func integers() throws {
    let members = try #require(fields("max-size=5, b=-1", "a=2;x").structuredIntegers(name))
    #expect(members.map(\.key) == ["max-size", "b", "a"])
    #expect(members.map(\.value) == [5, -1, 2])
    for text in ["a=1, b", "a=1, b=1.5", "a=(1)", "a=\"1\"", "a=1,", "A=1"] {
      #expect(fields(text).structuredIntegers(name) == nil)
    }
  }

  @Test("R-49 a dictionary of bytes tells which members are none")
  func bytes() throws {
    let members = try #require(fields("a=:AAEC:, b=1, c=:AB=:, d=::").structuredBytes(name))
    #expect(members.map(\.key) == ["a", "b", "c", "d"])
    #expect(members.map(\.bytes) == [[0, 1, 2], nil, nil, []])
    #expect(fields("a=:AA").structuredBytes(name) == nil)
  }

  @Test("no text makes a parser trap", arguments: 0..<20 as Range<UInt64>)
  func random(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<300 {
      let fields = fields(random.text(of: "a0?1:=,;()\"- \\.%@*", upTo: 40))
      _ = fields.structuredIntegers(name)
      _ = fields.structuredBytes(name)
      if case .value(let value) = fields.structuredInteger(name) { #expect(value >= 0) }
      if fields.structuredBoolean(name) != nil { #expect(fields[name]?.contains("?") == true) }
    }
  }
}
