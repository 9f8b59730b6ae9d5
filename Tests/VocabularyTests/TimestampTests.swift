import Testing
import Vocabulary

@Suite struct TimestampTests {
  @Test(
    "known moments have their known texts",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
      (784_111_777_000, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
      (951_868_799_999, "2000-02-29T23:59:59.999Z", "Tue, 29 Feb 2000 23:59:59 GMT"),
      (1_709_164_800_125, "2024-02-29T00:00:00.125Z", "Thu, 29 Feb 2024 00:00:00 GMT"),
      (4_107_542_400_000, "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
      (4_107_542_399_000, "2100-02-28T23:59:59.000Z", "Sun, 28 Feb 2100 23:59:59 GMT"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 GMT"),
      (-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
      (-2_203_891_200_000, "1900-03-01T00:00:00.000Z", "Thu, 01 Mar 1900 00:00:00 GMT"),
      (-2_203_891_200_001, "1900-02-28T23:59:59.999Z", "Wed, 28 Feb 1900 23:59:59 GMT"),
      (-62_167_219_200_000, "0000-01-01T00:00:00.000Z", "Sat, 01 Jan 0000 00:00:00 GMT"),
    ] as [(Int64, String, String)])
  func known(milliseconds: Int64, rfc3339: String, httpDate: String) {
    let moment = Timestamp(milliseconds: milliseconds)
    #expect(moment.rfc3339 == rfc3339)
    #expect(moment.httpDate == httpDate)
  }

  @Test("every day from 1895 to 2105 follows the day before it in the calendar")
  func calendar() {
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    var (year, month, day) = (1895, 1, 1)
    var milliseconds: Int64 = -2_366_755_200_000
    while year < 2106 {
      let text = Timestamp(milliseconds: milliseconds).rfc3339
      func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
      guard text == "\(year)-\(two(month))-\(two(day))T00:00:00.000Z" else {
        Issue.record("\(text) is not \(year)-\(month)-\(day)")
        return
      }
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      day += 1
      if day > lengths[month - 1] + (month == 2 && isLeap ? 1 : 0) { (month, day) = (month + 1, 1) }
      if month > 12 { (year, month) = (year + 1, 1) }
      milliseconds += 86_400_000
    }
  }

  @Test("the first and the last moment have texts", arguments: [Int64.min, .min + 1, .max])
  func extremes(milliseconds: Int64) {
    let moment = Timestamp(milliseconds: milliseconds)
    #expect(!moment.rfc3339.isEmpty)
    #expect(!moment.httpDate.isEmpty)
  }

  @Test("adding seconds stops at the first and the last moment instead of wrapping around")
  func adding() {
    let moment = Timestamp(milliseconds: 1500)
    #expect(moment.adding(seconds: 2).milliseconds == 3500)
    #expect(moment.adding(seconds: -2).milliseconds == -500)
    #expect(moment.adding(seconds: .max).milliseconds == .max)
    #expect(moment.adding(seconds: .min).milliseconds == .min)
    #expect(Timestamp(milliseconds: .max - 1).adding(seconds: 1).milliseconds == .max)
    #expect(moment.adding(seconds: Int64.max / 1000 + 1).milliseconds == .max)
  }
}
