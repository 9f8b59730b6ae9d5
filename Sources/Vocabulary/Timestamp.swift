/// A moment of the wall clock in whole milliseconds since 1970-01-01T00:00:00Z.
package struct Timestamp: Hashable, Comparable, Sendable {
  package let milliseconds: Int64

  package init(milliseconds: Int64) { self.milliseconds = milliseconds }

  package static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }
  /// The moment so many seconds later (or earlier), or the last (first) one there is.
  package func adding(seconds: Int64) -> Self {
    let product = seconds.multipliedReportingOverflow(by: 1000)
    let sum = milliseconds.addingReportingOverflow(product.partialValue)
    guard !product.overflow && !sum.overflow else { return Self(milliseconds: seconds < 0 ? .min : .max) }
    return Self(milliseconds: sum.partialValue)
  }

  /// RFC 3339 in UTC with milliseconds: `2026-01-31T23:59:59.125Z`.
  package var rfc3339: String {
    let c = civil
    return
      "\(pad(c.year, 4))-\(pad(c.month))-\(pad(c.day))T\(pad(c.hour)):\(pad(c.minute)):\(pad(c.second)).\(pad(c.millisecond, 3))Z"
  }

  /// The IMF-fixdate of RFC 9110 §5.6.7: `Sat, 31 Jan 2026 23:59:59 GMT`.
  package var httpDate: String {
    let c = civil
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let weekday = days[Int(floorModulo(floorDivide(milliseconds, 86_400_000), 7))]
    return
      "\(weekday), \(pad(c.day)) \(months[c.month - 1]) \(pad(c.year, 4)) \(pad(c.hour)):\(pad(c.minute)):\(pad(c.second)) GMT"
  }

  /// The date and time in UTC, by the proleptic Gregorian calendar.
  package var utc: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    let c = civil
    return (c.year, c.month, c.day, c.hour, c.minute, c.second)
  }

  struct Civil {
    var year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, millisecond: Int
  }

  /// Proleptic Gregorian date of the moment (era arithmetic, exact for every Int64 day used here).
  var civil: Civil {
    let days = floorDivide(milliseconds, 86_400_000)
    let rest = floorModulo(milliseconds, 86_400_000)
    let shifted = days + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthIndex = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
    let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return Civil(
      year: Int(year), month: Int(month), day: Int(day), hour: Int(rest / 3_600_000),
      minute: Int(rest / 60_000 % 60), second: Int(rest / 1000 % 60), millisecond: Int(rest % 1000))
  }
}

private func pad(_ value: Int, _ width: Int = 2) -> String {
  let digits = String(value)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
private func floorDivide(_ value: Int64, _ by: Int64) -> Int64 { value / by - (value % by < 0 ? 1 : 0) }
private func floorModulo(_ value: Int64, _ by: Int64) -> Int64 { (value % by + by) % by }
