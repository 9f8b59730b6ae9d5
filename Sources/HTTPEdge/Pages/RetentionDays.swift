import Vocabulary

/// The age in a repo's rules as a page shows it and takes it back: days, with as many digits behind the point as the
/// seconds need. What is shown and sent back unchanged must mean the same: rounding it down would delete bundles.
package enum RetentionDays {
  private static let secondsPerDay: Int64 = 86_400
  /// 1/86,400 of a day is seen in this many digits.
  private static let digits = 6
  private static let unit: Int64 = 1_000_000

  package static func text(_ seconds: Int64?) -> String {
    guard let seconds else { return "" }
    let (days, rest) = seconds.quotientAndRemainder(dividingBy: secondsPerDay)
    guard rest > 0 else { return String(days) }
    // Rounded to the nearest, which `seconds` undoes.
    let fraction = (rest * unit + secondsPerDay / 2) / secondsPerDay
    let figures = String(fraction)
    var text = "\(days)." + String(repeating: "0", count: digits - figures.count) + figures
    while text.hasSuffix("0") { text.removeLast() }
    return text
  }

  /// nil of nothing.
  ///
  /// - Throws: `ProblemError` with `bad-request` for what is no number of days.
  package static func seconds(_ text: String) throws(ProblemError) -> Int64? {
    if text.isEmpty { return nil }
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let figures = parts.count == 2 ? String(parts[1]) : "0"
    guard let days = Int64(digits: parts[0]), (1...digits).contains(figures.utf8.count),
      let fraction = Int64(
        digits: (figures + String(repeating: "0", count: digits - figures.utf8.count))[...])
    else {
      throw ProblemError(
        .badRequest, detail: "keepDays is \(quoted(text)); it must be a number of days, such as 30 or 1.5",
        members: ["field": .text("keepDays")])
    }
    let (seconds, overflow) = days.multipliedReportingOverflow(by: secondsPerDay)
    if overflow { return .max }
    let (sum, isTooMuch) = seconds.addingReportingOverflow((fraction * secondsPerDay + unit / 2) / unit)
    return isTooMuch ? .max : sum
  }
}
