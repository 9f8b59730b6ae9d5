/// What happened in a run, line by line: two runs of one seed must have equal traces.
package final class SimulationTrace: @unchecked Sendable {
  // Sendable because a simulation runs on one thread.
  package private(set) var lines: [String] = []

  package init() {}

  package func note(_ line: String) { lines.append(line) }

  /// FNV-1a over all lines: a run in one number.
  package var fingerprint: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for line in lines {
      for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      hash = (hash ^ 10) &* 0x100_0000_01b3
    }
    return hash
  }

  /// The end of the trace, for the report of a failure.
  package func tail(_ count: Int) -> String { lines.suffix(count).joined(separator: "\n") }

  /// Where two traces part, with the line of each and the `context` lines before; nil when they are equal.
  package static func difference(
    _ first: SimulationTrace, _ second: SimulationTrace, context: Int = 20
  ) -> String? {
    if first.lines == second.lines { return nil }
    let common = zip(first.lines, second.lines).prefix { $0 == $1 }.count
    func line(_ trace: SimulationTrace) -> String {
      common < trace.lines.count ? trace.lines[common] : "(the end)"
    }
    let before = first.lines[max(0, common - context)..<common].joined(separator: "\n")
    return
      "\(before)\nline \(common + 1), first run:  \(line(first))\nline \(common + 1), second run: \(line(second))"
  }
}
