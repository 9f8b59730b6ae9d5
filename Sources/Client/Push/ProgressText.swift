/// How fast something goes, smoothed so that one slow second does not scare anybody.
package struct RateMeter: Sendable, Equatable {
  /// After this many seconds an old rate has lost about two thirds of its weight.
  private static let memorySeconds = 5.0
  private var last: (bytes: Int64, seconds: Double)?
  /// nil before there were two samples.
  package private(set) var bytesPerSecond: Double?

  package init() {}

  /// - Parameter seconds: of a clock that never goes back.
  package mutating func sample(bytes: Int64, at seconds: Double) {
    guard let last else {
      last = (bytes, seconds)
      return
    }
    let elapsed = seconds - last.seconds
    guard elapsed > 0 else { return }
    self.last = (bytes, seconds)
    // Going back (a file starts over) is no negative speed.
    let current = Double(max(0, bytes - last.bytes)) / elapsed
    guard let rate = bytesPerSecond else {
      bytesPerSecond = current
      return
    }
    let keep = 1 / (1 + elapsed / Self.memorySeconds)
    bytesPerSecond = rate * keep + current * (1 - keep)
  }

  /// Time that `bytes` more will take; nil when nothing moves.
  package func secondsLeft(for bytes: Int64) -> Double? {
    guard let rate = bytesPerSecond, rate >= 1 else { return nil }
    return Double(bytes) / rate
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.bytesPerSecond == right.bytesPerSecond && left.last?.bytes == right.last?.bytes
      && left.last?.seconds == right.last?.seconds
  }
}

/// Progress in words.
package enum ProgressText {
  /// `0 B`, `999 B`, `1.0 KiB`, `12.3 GiB`.
  package static func bytes(_ count: Int64) -> String {
    guard count >= 1024 else { return "\(count) B" }
    var tenths = Double(count) / 1024
    for unit in ["KiB", "MiB", "GiB", "TiB"] {
      // Compared as it is shown, so that nothing shows as 1024.0.
      if (tenths * 10).rounded() < 10240 || unit == "TiB" { return "\(oneDecimal(tenths)) \(unit)" }
      tenths /= 1024
    }
    preconditionFailure("the last unit takes everything")
  }

  /// `0:07`, `12:05`, `3:00:09`; a day and more as `2d 03h`.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "--:--" }
    let whole = Int(max(0, seconds).rounded(.up))
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    if hours >= 24 { return "\(hours / 24)d \(two(hours % 24))h" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }

  /// One line for logs and pipes.
  package static func plain(_ progress: TransferProgress, _ meter: RateMeter) -> String {
    "\(progress.filesDone)/\(progress.filesTotal) files, \(bytes(progress.bytesShown)) of "
      + "\(bytes(progress.bytesTotal))\(skipped(progress))\(speed(progress, meter))"
  }

  /// One line for a terminal, not wider than `columns` minus one.
  package static func bar(_ progress: TransferProgress, _ meter: RateMeter, columns: Int) -> String {
    let share =
      progress.bytesTotal == 0 ? 1 : Double(progress.bytesShown) / Double(progress.bytesTotal)
    let percent = "\(Int((min(1, max(0, share)) * 100).rounded(.down)))%"
    let text = "\(percent)  \(plain(progress, meter))"
    let space = columns - 1 - text.count - 3
    guard space >= 10 else { return String(text.prefix(max(0, columns - 1))) }
    let width = min(space, 40)
    let filled = Int((Double(width) * min(1, max(0, share))).rounded(.down))
    return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
      + "] " + text
  }

  private static func skipped(_ progress: TransferProgress) -> String {
    progress.bytesSkipped > 0 ? " (\(bytes(progress.bytesSkipped)) there already)" : ""
  }

  private static func speed(_ progress: TransferProgress, _ meter: RateMeter) -> String {
    guard let rate = meter.bytesPerSecond else { return "" }
    var text = ", \(bytes(Int64(rate)))/s"
    let left = progress.bytesTotal - progress.bytesShown
    if left > 0 { text += ", \(meter.secondsLeft(for: left).map(duration) ?? "--:--") left" }
    if progress.retries > 0 { text += ", \(progress.retries) retr\(progress.retries == 1 ? "y" : "ies")" }
    return text
  }

  private static func oneDecimal(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
  private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}
