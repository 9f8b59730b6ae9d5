import Vocabulary

/// Prometheus' text exposition format, version 0.0.4; pure
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
package enum MetricsText {
  package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

  package enum Kind: String, Sendable { case counter, gauge }

  /// Whole numbers, and times: no value can be one that is not finite.
  package enum Value: Sendable, Equatable {
    case integer(Int64)
    /// In seconds since 1970, with three decimals.
    case time(Timestamp)
  }

  package struct Sample: Sendable {
    package var labels: [(name: String, value: String)]
    package var value: Value
    package init(_ value: Value, labels: [(name: String, value: String)] = []) {
      self.labels = labels
      self.value = value
    }
  }

  /// Samples of one name.
  package struct Family: Sendable {
    package var name: String
    package var kind: Kind
    package var help: String
    package var samples: [Sample]
    package init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
      self.name = name
      self.kind = kind
      self.help = help
      self.samples = samples
    }
  }

  /// HELP, TYPE and the samples of each family; one without samples is left out.
  package static func text(_ families: [Family]) -> String {
    var text = ""
    for family in families where !family.samples.isEmpty {
      text += "# HELP \(family.name) \(escaped(family.help, isQuoted: false))\n"
      text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
      for sample in family.samples {
        text += family.name
        if !sample.labels.isEmpty {
          let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, isQuoted: true))\"" }
          text += "{\(labels.joined(separator: ","))}"
        }
        text += " \(number(sample.value))\n"
      }
    }
    return text
  }

  /// Backslash and line feed everywhere, the double quote where the text stands in quotes.
  private static func escaped(_ text: String, isQuoted: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where isQuoted: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func number(_ value: Value) -> String {
    switch value {
    case .integer(let number): return String(number)
    case .time(let time):
      let magnitude = time.milliseconds.magnitude
      let fraction = String(magnitude % 1000)
      let zeros = String(repeating: "0", count: 3 - fraction.utf8.count)
      return (time.milliseconds < 0 ? "-" : "") + "\(magnitude / 1000).\(zeros)\(fraction)"
    }
  }
}
