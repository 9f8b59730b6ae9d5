import Vocabulary

/// Moments from the texts that servers write them in.
package enum CivilTime {
  /// Milliseconds since 1970; nil unless every part is in its range (a 30 February is not noticed).
  package static func milliseconds(
    year: Int64, month: Int64, day: Int64, hour: Int64, minute: Int64, second: Int64
  ) -> Int64? {
    guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day),
      (0..<24).contains(hour),
      (0..<60).contains(minute), (0...60).contains(second)
    else { return nil }
    // Days in the proleptic Gregorian calendar, with years that start in March.
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = shiftedYear / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000
  }

  /// Parses RFC 3339 in UTC with up to nine decimals (those beyond the millisecond are dropped).
  package static func rfc3339(_ text: String) -> Timestamp? {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), bytes[10] == UInt8(ascii: "T"),
      bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[13] == UInt8(ascii: ":"),
      bytes[16] == UInt8(ascii: ":")
    else { return nil }
    func number(_ range: Range<Int>) -> Int64? {
      let digits = bytes[range]
      guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
      return Int64(String(decoding: digits, as: UTF8.self))
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      let whole = milliseconds(
        year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    else { return nil }
    guard bytes.count > 20 else { return Timestamp(milliseconds: whole) }
    guard bytes[19] == UInt8(ascii: "."), bytes.count > 21, bytes.count <= 30,
      number(20..<bytes.count - 1) != nil
    else { return nil }
    let fraction = bytes[20..<bytes.count - 1].prefix(3).reduce((value: Int64(0), scale: Int64(100))) {
      ($0.value + Int64($1 - UInt8(ascii: "0")) * $0.scale, $0.scale / 10)
    }
    return Timestamp(milliseconds: whole + fraction.value)
  }

  /// Parses an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`, the only form of HTTP dates that a sender may write.
  package static func httpDate(_ text: String) -> Timestamp? {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let parts = text.split(separator: " ")
    guard parts.count == 6, parts[0].utf8.count == 4, parts[0].hasSuffix(","), parts[5] == "GMT",
      let day = Int64(parts[1]), let month = months.firstIndex(of: String(parts[2])),
      let year = Int64(parts[3])
    else { return nil }
    let time = parts[4].split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) ?? -1 }
    guard time.count == 3 else { return nil }
    return milliseconds(
      year: year, month: Int64(month) + 1, day: day, hour: time[0], minute: time[1], second: time[2]
    ).map(Timestamp.init(milliseconds:))
  }
}
