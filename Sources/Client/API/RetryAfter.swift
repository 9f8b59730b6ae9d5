import Vocabulary

/// The `Retry-After` field (RFC 9110 §10.2.3).
package enum RetryAfter {
  /// Seconds to wait: from delay seconds or an HTTP date; nil when the value is neither.
  package static func seconds(_ value: String, now: Timestamp) -> Double? {
    let value = value.trimmingSpaces
    if !value.isEmpty, value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
      // A delay of years is as good as none stated; the budget ends the wait before.
      return Double(value)
    }
    guard let date = httpDate(value) else { return nil }
    return max(0, Double(date.milliseconds - now.milliseconds) / 1000)
  }

  /// Parses an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`, the only form a sender may generate.
  package static func httpDate(_ text: String) -> Timestamp? {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let parts = text.split(separator: " ")
    guard parts.count == 6, parts[0].utf8.count == 4, parts[0].hasSuffix(","), parts[5] == "GMT",
      let day = Int64(parts[1]), (1...31).contains(day),
      let month = months.firstIndex(of: String(parts[2])), let year = Int64(parts[3]), (1970...9999).contains(year)
    else { return nil }
    let time = parts[4].split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) ?? -1 }
    guard time.count == 3, (0..<24).contains(time[0]), (0..<60).contains(time[1]), (0...60).contains(time[2])
    else { return nil }
    // Days since 1970 in the proleptic Gregorian calendar, years starting in March.
    let shiftedYear = month < 2 ? year - 1 : year
    let era = shiftedYear / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * Int64((month + 10) % 12) + 2) / 5 + day - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    return Timestamp(milliseconds: ((days * 24 + time[0]) * 60 + time[1]) * 60_000 + time[2] * 1000)
  }
}

extension String {
  var trimmingSpaces: String {
    var text = self[...]
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return String(text)
  }
}
