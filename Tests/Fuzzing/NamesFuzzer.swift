import Client
import Foundation
import Vocabulary

/// The input is text for ids, names, times and error messages, and 18 bytes to make an id and a time of.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkNames(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = FuzzInput(start, count)
  checkIdentifier(input.text)
  checkNames(input.text)
  checkQuoting(input.text)
  for time in [CivilTime.rfc3339(input.text), CivilTime.httpDate(input.text)] {
    if let time { checkTime(time.milliseconds) }
  }
  let milliseconds = input.integer()
  let random = (0..<10).map { _ in input.byte() }
  checkMadeIdentifier(milliseconds, random)
  for time in [milliseconds, milliseconds >> 16, .min, .max] { checkTime(time) }
  return 0
}

private func checkIdentifier(_ text: String) {
  let bytes = Array(text.utf8)
  let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
  let isPlain = bytes.count == 26 && bytes.allSatisfy(alphabet.contains) && bytes[0] <= UInt8(ascii: "7")
  let id = UploadID(text)
  precondition((id != nil) == isPlain, "an id is 26 characters of its alphabet")
  if let id { precondition(isSame(id.text, text) && id.description == id.text) }
}

private func checkMadeIdentifier(_ milliseconds: Int64, _ random: [UInt8]) {
  let id = PushID(milliseconds: milliseconds, random: random)
  precondition(PushID(id.text) == id, "an id is read as it is written")
  let time = milliseconds & 0xffff_ffff_ffff
  let later = PushID(milliseconds: time + 1, random: random.reversed())
  precondition(time == 0xffff_ffff_ffff || id < later, "ids are in the order of time")
}

private func checkNames(_ text: String) {
  let bytes = Array(text.utf8)
  let isPlain =
    (1...64).contains(bytes.count)
    && bytes.enumerated().allSatisfy { index, byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
      case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): index > 0
      default: false
      }
    }
  precondition(((try? RepoName(text)) != nil) == isPlain, "a repo's name is plain")
  precondition(((try? LabelName(text)) != nil) == (isPlain && !isSame(text, "latest")), "so is a label")
}

private func checkQuoting(_ text: String) {
  let quote = quoted(text)
  precondition(quote.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }, "nothing controls")
  precondition(quote.unicodeScalars.count <= 200 * 10 + 3, "a quotation is short")
  precondition(quote.utf8.first == UInt8(ascii: "\"") && quote.utf8.last == UInt8(ascii: "\""))
}

/// Times are written without a trap however far away they are, and read back for years of four digits.
private func checkTime(_ milliseconds: Int64) {
  let time = Timestamp(milliseconds: milliseconds)
  let rfc3339 = time.rfc3339
  let httpDate = time.httpDate
  precondition(time.adding(seconds: milliseconds) >= time || milliseconds < 0)
  precondition(time.adding(seconds: 0) == time)
  let first: Int64 = -62_135_596_800_000
  let last: Int64 = 253_402_300_799_999
  guard (first...last).contains(milliseconds) else { return }
  precondition(CivilTime.rfc3339(rfc3339) == time, "a time is read as it is written")
  let second = (milliseconds - (milliseconds % 1000 + 1000) % 1000)
  precondition(CivilTime.httpDate(httpDate)?.milliseconds == second, "an HTTP date has whole seconds")
  precondition(rfc3339.utf8.count == 24 && httpDate.utf8.count == 29)
}
