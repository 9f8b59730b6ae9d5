/// How a setting is written, read and shown.
package struct SettingKind<Value: Sendable>: Sendable {
  /// The name of a value in a command's help, such as `port`.
  package let placeholder: String
  /// Completes "expected …": what is right, with bounds and unit.
  package let expectation: String
  /// The forms the settings file may use; flags and variables are always text.
  let forms: [SettingValue.Form]
  let parse: @Sendable (String) -> Value?
  let show: @Sendable (Value) -> SettingValue
}

extension SettingKind where Value: FixedWidthInteger {
  /// - Parameters:
  ///   - unit: what is counted, when the setting's name does not say it to the end.
  ///   - zero: what 0 means when it is not a quantity.
  package static func integer(_ bounds: ClosedRange<Value>, unit: String? = nil, zero: String? = nil) -> Self
  {
    Self(
      placeholder: unit ?? "number", expectation: described("an integer", bounds, unit, zero),
      forms: [.integer],
      parse: { text in Value(text).flatMap { bounds.contains($0) ? $0 : nil } }, show: { .integer(Int64($0)) }
    )
  }

  /// Whole bytes, or a number with a unit: `10MiB`, `5 GB`.
  package static func bytes(_ bounds: ClosedRange<Value>, zero: String? = nil) -> Self {
    Self(
      placeholder: "bytes",
      expectation: described("an integer", bounds, "bytes, or text such as 10GiB", zero),
      forms: [.integer, .string],
      parse: { text in
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text[digits.endIndex...].drop { $0 == " " }
        guard let number = Value(digits), let scale = byteUnits[String(unit)],
          let factor = Value(exactly: scale)
        else { return nil }
        let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: factor)
        return !isTooLarge && bounds.contains(bytes) ? bytes : nil
      }, show: { .integer(Int64($0)) })
  }

  private static func described(
    _ what: String, _ bounds: ClosedRange<Value>, _ unit: String?, _ zero: String?
  ) -> String {
    let range =
      bounds.upperBound == .max
      ? "of at least \(bounds.lowerBound)" : "from \(bounds.lowerBound) to \(bounds.upperBound)"
    return "\(what) \(range)" + (unit.map { " (\($0))" } ?? "") + (zero.map { ", 0 for \($0)" } ?? "")
  }
}

extension SettingKind where Value == Bool {
  package static var boolean: Self {
    Self(
      placeholder: "true|false", expectation: "true or false", forms: [.boolean],
      parse: { $0 == "true" ? true : $0 == "false" ? false : nil }, show: { .boolean($0) })
  }
}

extension SettingKind where Value == String {
  /// - Parameter isValid: must refuse whatever does not meet the expectation.
  package static func string(
    _ placeholder: String, _ expectation: String, _ isValid: @escaping @Sendable (String) -> Bool
  )
    -> Self
  {
    Self(
      placeholder: placeholder, expectation: expectation, forms: [.string], parse: { isValid($0) ? $0 : nil },
      show: { .text($0) })
  }

  /// A path of the file system. A `~` that no shell has expanded is refused, so that no folder of that name appears.
  package static var path: Self {
    string("path", "a path; ~ is not expanded") { path in
      !path.isEmpty && !path.hasPrefix("~") && !path.utf8.contains(0)
    }
  }

  /// What a server can listen on.
  package static var host: Self {
    string("host", "an IP address or a host name, without brackets or port") { host in
      IPAddress(host) != nil || PublicURL.isHostName(host)
    }
  }
}

extension SettingKind where Value == String? {
  /// The URL that clients use, or nothing.
  package static var publicURL: Self {
    Self(
      placeholder: "url",
      expectation: "an http:// or https:// URL of a host and an optional port, without a path",
      forms: [.string], parse: { $0.isEmpty ? .some(nil) : PublicURL.normalized($0).map { .some($0) } },
      show: { $0.map { .text($0) } ?? .absent })
  }
}

extension SettingKind where Value == String? {
  /// A file; empty text is none.
  package static var optionalPath: Self {
    Self(
      placeholder: "path", expectation: "a path; ~ is not expanded", forms: [.string],
      parse: { path in
        if path.isEmpty { return .some(nil) }
        return path.hasPrefix("~") || path.utf8.contains(0) ? nil : .some(path)
      },
      show: { $0.map { .text($0) } ?? .absent })
  }
}

extension SettingKind where Value == [ProxyPeer] {
  /// A comma-separated list; empty text is the empty list.
  package static var peers: Self {
    Self(
      placeholder: "cidr,…",
      expectation:
        "a comma-separated list of IP addresses, CIDR blocks such as 10.0.0.0/8 or fd00::/8, and the word unix",
      forms: [.string, .list],
      parse: { text in
        if text.isEmpty { return [] }
        var peers: [ProxyPeer] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
          guard let peer = ProxyPeer(trimmed(item)) else { return nil }
          peers.append(peer)
        }
        return peers
      }, show: { .list($0.map(\.description)) })
  }
}

extension SettingKind where Value == AllowedOrigins {
  /// A comma-separated list, or `*`; empty text is the empty list.
  package static var origins: Self {
    Self(
      placeholder: "origin,…",
      expectation:
        "a comma-separated list of origins such as https://app.example (http or https, host, optional port, no path), or * alone for any site",
      forms: [.string, .list], parse: { AllowedOrigins($0) }, show: { .list($0.list) })
  }
}

extension SettingKind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// One of the raw values.
  package static var choice: Self {
    let words = Value.allCases.map(\.rawValue)
    return Self(
      placeholder: words.joined(separator: "|"),
      expectation: words.count == 2
        ? words.joined(separator: " or ") : "one of \(words.joined(separator: ", "))",
      forms: [.string], parse: { Value(rawValue: $0) }, show: { .text($0.rawValue) })
  }
}

private let byteUnits: [String: Int64] = [
  "": 1, "B": 1, "kB": 1000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
  "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
]

private func trimmed(_ text: Substring) -> Substring {
  var text = text.drop { $0 == " " }
  while text.last == " " { text.removeLast() }
  return text
}
