import Vocabulary

/// Numbers, sizes and times as people read them. English and UTC only, so that a page is the same everywhere.
package enum PageFormat {
  /// `1.4 GiB`; whole bytes below 1 KiB.
  package static func bytes(_ count: Int64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    guard count >= 1024 else { return "\(count) B" }
    var value = Double(count) / 1024
    var unit = 0
    // 1023.95 would be written as 1024.0 of the smaller unit.
    while value >= 1023.95, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return "\(oneDecimal(value)) \(units[unit])"
  }

  /// `1,503,238,553 bytes`, for a title.
  package static func exactBytes(_ count: Int64) -> String {
    count == 1 ? "1 byte" : "\(number(count)) bytes"
  }

  /// `12.3 MiB/s`.
  package static func rate(_ bytesPerSecond: Double) -> String {
    guard bytesPerSecond.isFinite, bytesPerSecond > 0 else { return "0 B/s" }
    return bytes(Int64(min(bytesPerSecond, 9e18))) + "/s"
  }

  /// `12,345`.
  package static func number(_ value: Int64) -> String {
    let digits = Array(String(value.magnitude))
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// `1 file`, `2,000 files`.
  package static func plural(_ count: Int64, _ one: String, _ many: String? = nil) -> String {
    "\(number(count)) \(count == 1 ? one : many ?? one + "s")"
  }

  /// Whole percent, never 100 before it is all there.
  package static func percent(_ part: Int64, of whole: Int64) -> Int {
    guard whole > 0 else { return 100 }
    let value = Int(Double(max(0, min(part, whole))) / Double(whole) * 100)
    return part < whole ? min(99, value) : 100
  }

  /// `just now`, `5 min ago`, `in 3 h`, `12 days ago`.
  package static func relative(_ time: Timestamp, to now: Timestamp) -> String {
    let seconds = (now.milliseconds - time.milliseconds) / 1000
    let text = coarse(abs(seconds))
    if abs(seconds) < 10 { return "just now" }
    return seconds > 0 ? "\(text) ago" : "in \(text)"
  }

  /// `3 days 4 h`, `12 min 5 s`: the two largest units.
  package static func duration(seconds: Int64) -> String {
    let seconds = max(0, seconds)
    let parts: [(Int64, String)] = [
      (seconds / 86_400, seconds / 86_400 == 1 ? "day" : "days"), (seconds / 3600 % 24, "h"),
      (seconds / 60 % 60, "min"), (seconds % 60, "s"),
    ]
    let first = parts.firstIndex { $0.0 > 0 } ?? 3
    return parts[first...].prefix(2).filter { $0.0 > 0 || first == 3 }
      .map { "\($0.0) \($0.1)" }.joined(separator: " ")
  }

  private static func coarse(_ seconds: Int64) -> String {
    switch seconds {
    case ..<60: "\(seconds) s"
    case ..<3600: "\(seconds / 60) min"
    case ..<86_400: "\(seconds / 3600) h"
    case ..<172_800: "1 day"
    default: "\(number(seconds / 86_400)) days"
    }
  }

  private static func oneDecimal(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    return "\(number(tenths / 10)).\(tenths % 10)"
  }
}
