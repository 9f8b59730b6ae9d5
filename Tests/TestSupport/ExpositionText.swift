/// A strict reader of Prometheus' text exposition format 0.0.4, as far as Sheaf writes it.
package struct ExpositionText: Sendable {
  package struct Family: Sendable {
    package var kind = ""
    package var help = ""
    /// By the labels, as they stand in the braces with their escapes taken out, `name=value` each.
    package var samples: [[String]: Double] = [:]
  }
  package struct Flaw: Error, CustomStringConvertible {
    package let description: String
  }

  package private(set) var families: [String: Family] = [:]
  private var current: String?

  /// - Throws: `Flaw` for anything that the format forbids: a family without its HELP and TYPE in front of it, or twice; a
  ///   sample twice; a value that is not finite; an escape that is none; a last line that does not end.
  package init(_ text: String) throws {
    guard text.unicodeScalars.last == "\n" else { throw Flaw(description: "the last line does not end") }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      do { try read(line) } catch let flaw as Flaw { throw Flaw(description: "\(flaw): \(line)") }
    }
    for (name, family) in families where family.samples.isEmpty || family.kind.isEmpty {
      throw Flaw(description: "\(name) has no samples or no type")
    }
  }

  /// The value of the one sample with these labels.
  package func value(_ name: String, _ labels: String...) -> Double? { families[name]?.samples[labels] }

  private mutating func read(_ line: Substring) throws {
    if let match = line.wholeMatch(of: /# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)/) {
      let name = String(match.1)
      guard families[name] == nil else { throw Flaw(description: "a second HELP") }
      families[name] = Family(help: try Self.unescaped(match.2, quotes: false))
      current = name
    } else if let match = line.wholeMatch(of: /# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge)/) {
      let name = String(match.1)
      guard current == name, families[name]?.kind.isEmpty == true else {
        throw Flaw(description: "TYPE is not behind its HELP, or comes twice")
      }
      families[name]?.kind = String(match.2)
    } else {
      try readSample(line)
    }
  }

  private mutating func readSample(_ line: Substring) throws {
    let pattern = /([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (-?[0-9]+(?:\.[0-9]+)?)/
    guard let match = line.wholeMatch(of: pattern), let value = Double(match.3), value.isFinite else {
      throw Flaw(description: "not a sample")
    }
    let name = String(match.1)
    guard name == current, let family = families[name], !family.kind.isEmpty else {
      throw Flaw(description: "a sample outside of its family")
    }
    let labels = try match.2.map { try Self.labels($0.dropFirst().dropLast()) } ?? []
    guard family.samples[labels] == nil else { throw Flaw(description: "a sample twice") }
    guard family.kind == "gauge" || value >= 0 else { throw Flaw(description: "a counter below 0") }
    families[name]?.samples[labels] = value
  }

  private static func labels(_ text: Substring) throws -> [String] {
    var rest = text
    var labels: [String] = []
    while let match = rest.prefixMatch(of: /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(,|$)/) {
      labels.append("\(match.1)=\(try unescaped(match.2, quotes: true))")
      rest = rest[match.range.upperBound...]
      if match.3.isEmpty { return labels }
    }
    throw Flaw(description: "malformed labels")
  }

  private static func unescaped(_ text: Substring, quotes: Bool) throws -> String {
    var result = ""
    var isEscape = false
    for scalar in text.unicodeScalars {
      switch (isEscape, scalar) {
      case (true, "n"): result += "\n"
      case (true, "\\"): result += "\\"
      case (true, "\"") where quotes: result += "\""
      case (true, _): throw Flaw(description: "an escape that is none")
      case (false, "\\"): break
      case (false, _): result.unicodeScalars.append(scalar)
      }
      isEscape = !isEscape && scalar == "\\"
    }
    guard !isEscape else { throw Flaw(description: "an escape at the end") }
    return result
  }
}
