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
    guard let date = CivilTime.httpDate(value) else { return nil }
    return max(0, Double(date.milliseconds - now.milliseconds) / 1000)
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
