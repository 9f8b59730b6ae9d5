import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("Header values")
struct HeaderValueTests {
  static let notIntegers = [
    "", "-1", "-0", "+5", "1e3", "0x10", "5 6", "5,5", "5, 5", "1.0", "1_000", "٣", "９",
    "9223372036854775808",
    "18446744073709551616", "99999999999999999999999999999999999999", "five", "5\u{301}",
  ]

  @Test(
    "T-2 an integer is decimal digits, up to 2^63 - 1",
    arguments: [
      ("0", 0), ("5", 5), ("007", 7), ("9223372036854775807", Int64.max),
    ])
  func integers(text: String, value: Int64) {
    #expect(HTTPFields([HTTPField(name: .uploadOffset, value: text)]).integer(.uploadOffset) == .value(value))
  }

  @Test("T-2 refuses an Upload-Offset that is not a plain non-negative integer", arguments: notIntegers)
  func offsets(text: String) {
    let error = refusal(of: patch([.uploadOffset: text]))
    #expect(error?.problem == .badHeader)
    #expect(error?.members["field"] == .text("Upload-Offset"))
  }

  @Test("T-2 refuses an Upload-Length that is not a plain non-negative integer", arguments: notIntegers)
  func lengths(text: String) {
    #expect(refusal(of: post([.uploadLength: text]))?.members["field"] == .text("Upload-Length"))
    #expect(refusal(of: patch([.uploadLength: text]))?.members["field"] == .text("Upload-Length"))
  }

  @Test("T-2 lines that differ are malformed, equal lines are one value")
  func repeated() throws {
    var head = patch()
    head.headerFields.append(HTTPField(name: .uploadOffset, value: "3"))
    #expect(try append(head)?.offset == 3)
    head.headerFields.append(HTTPField(name: .uploadOffset, value: "4"))
    #expect(refusal(of: head)?.problem == .badHeader)
  }

  @Test("absent, malformed and value are three things")
  func threeCases() throws {
    let absent = HTTPFields().integer(.uploadLength)
    #expect(absent == .absent)
    #expect(try absent.optional(.uploadLength) == nil)
    #expect(throws: ProblemError.self) { try absent.required(.uploadLength) }
    let malformed = HTTPFields([HTTPField(name: .uploadLength, value: "x")]).integer(.uploadLength)
    #expect(throws: ProblemError.self) { try malformed.optional(.uploadLength) }
  }

  @Test("no bytes make the integer parser trap or guess", arguments: 0..<20 as Range<UInt64>)
  func randomIntegers(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let bytes =
        Bool.random(using: &random)
        ? random.bytes(upTo: 24) : Array(random.text(of: "0123456789+- ", upTo: 24).utf8)
      let field = HTTPField(name: .uploadOffset, value: bytes)
      let isPlain = !field.value.isEmpty && field.value.utf8.allSatisfy { (0x30...0x39).contains($0) }
      switch HTTPFields([field]).integer(.uploadOffset) {
      case .absent: Issue.record("a field that is there is not absent")
      case .malformed: #expect(!isPlain || Int64(field.value) == nil)
      case .value(let value): #expect(isPlain && Int64(field.value) == value && value >= 0)
      }
    }
  }

  @Test(
    "T-9 a media type is compared without case and parameters",
    arguments: [
      "application/offset+octet-stream", "Application/Offset+Octet-Stream",
      "application/offset+octet-stream; a=b",
      "application/offset+octet-stream\t;a=b",
    ])
  func mediaTypes(text: String) {
    #expect(HTTPFields([HTTPField(name: .contentType, value: text)]).mediaType == .value(contentType))
  }
}
