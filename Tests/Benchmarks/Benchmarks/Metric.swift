/// A figure of a run: what a column of a table shows.
struct Metric: Hashable, Sendable {
  let title: String
  let digits: Int

  init(_ title: String, digits: Int = 2) {
    self.title = title
    self.digits = digits
  }

  static let throughput = Metric("MiB/s", digits: 0)
  static let verifiedThroughput = Metric("verified MiB/s", digits: 0)
  static let rate = Metric("files/s", digits: 0)
  static let verifiedRate = Metric("verified files/s", digits: 0)
  static let cpuPerGiB = Metric("CPU-s/GiB")
  static let verifiedCPUPerGiB = Metric("CPU-s/GiB until verified")
  static let cpuPerFile = Metric("CPU µs/file", digits: 0)
  static let verifiedCPUPerFile = Metric("CPU µs/file until verified", digits: 0)
  static let clientCPUPerGiB = Metric("client CPU-s/GiB")
  static let clientCPUPerFile = Metric("client CPU µs/file", digits: 0)
  static let p50 = Metric("p50 ms")
  static let p99 = Metric("p99 ms")
  static let longest = Metric("max ms", digits: 1)
  static let peakMemory = Metric("peak RSS MiB", digits: 1)
}

/// The figures of one run.
struct Sample: Sendable {
  private(set) var values: [Metric: Double] = [:]

  subscript(metric: Metric) -> Double? {
    get { values[metric] }
    set { values[metric] = newValue }
  }

  /// Takes percentiles of times in nanoseconds.
  mutating func setLatencies(_ nanoseconds: [Int64]) {
    let sorted = nanoseconds.sorted()
    guard let last = sorted.last else { return }
    self[.p50] = Double(sorted[sorted.count / 2]) / 1e6
    self[.p99] = Double(sorted[min(sorted.count - 1, sorted.count * 99 / 100)]) / 1e6
    self[.longest] = Double(last) / 1e6
  }
}

/// The middle one, or the mean of the two in the middle; nil of nothing.
func median(_ values: [Double]) -> Double? {
  guard !values.isEmpty else { return nil }
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/// With so many digits behind the point.
func decimal(_ value: Double, digits: Int) -> String {
  var power = 1
  for _ in 0..<digits { power *= 10 }
  let scaled = Int((value.magnitude * Double(power)).rounded())
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard digits > 0 else { return "\(sign)\(scaled)" }
  let fraction = String(scaled % power)
  return "\(sign)\(scaled / power).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
}
