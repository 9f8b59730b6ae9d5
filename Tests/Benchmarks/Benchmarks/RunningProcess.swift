import Glibc

/// What the kernel counts of a process.
struct RunningProcess: Sendable {
  static let own = Self(identifier: getpid())

  let identifier: pid_t

  /// User and system time of all its threads so far; nil when it has ended.
  ///
  /// The clock of the process: the sum of utime and stime in /proc, without their granularity of 10 ms.
  var cpuSeconds: Double? {
    var clock = clockid_t()
    var time = timespec()
    guard clock_getcpuclockid(identifier, &clock) == 0, clock_gettime(clock, &time) == 0 else { return nil }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The most memory it had since `resetPeakMemory`, in MiB.
  var peakMemory: Double? { status("VmHWM:") }
  /// In MiB.
  var residentMemory: Double? { status("VmRSS:") }

  /// Forgets what it needed so far, such as to start.
  func resetPeakMemory() {
    let file = open("/proc/\(identifier)/clear_refs", O_WRONLY)
    guard file >= 0 else { return }
    _ = write(file, "5", 1)
    close(file)
  }

  private func status(_ field: String) -> Double? {
    guard let text = textOfFile("/proc/\(identifier)/status") else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix(field) }
    let words = line?.split { $0 == " " || $0 == "\t" } ?? []
    return words.count > 1 ? Double(words[1]).map { $0 / 1024 } : nil
  }
}
