import Vocabulary

/// Why settings cannot be used; its description is one line for the operator.
package enum ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// `value` is fit to be shown.
  case badValue(setting: String, value: String, origin: SettingOrigin, expected: String)
  /// There is no default here and nothing was given.
  case missingValue(setting: String, expected: String)
  /// A key of the settings file, or a variable, that no setting has.
  case unknownName(String, origin: SettingOrigin, nearest: String?)
  /// The settings file cannot be read or is not TOML.
  case badFile(path: String, reason: String)

  package var description: String {
    switch self {
    case .badValue(let setting, let value, let origin, let expected):
      "setting \(setting) is \(value) (\(origin)); expected \(expected)"
    case .missingValue(let setting, let expected):
      "setting \(setting) has no value and no default here; expected \(expected)"
    case .unknownName(let name, .environment, let nearest):
      "environment variable \(name) is no setting\(hint(nearest))"
    case .unknownName(let name, let origin, let nearest):
      "\(origin): \(name) is no setting\(hint(nearest))"
    case .badFile(let path, let reason):
      "file \(path): \(reason)"
    }
  }

  private func hint(_ nearest: String?) -> String { nearest.map { "; did you mean \($0)?" } ?? "" }
}

/// The candidate most like a name that was mistyped, `nil` when none is.
///
/// Case and `.`, `_`, `-` do not count; the last part of a dotted name (`port` for `server.port`) is a name too.
func nearest(to name: String, among candidates: [String]) -> String? {
  func plain(_ text: some StringProtocol) -> [UInt8] {
    text.lowercased().utf8.filter {
      $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-")
    }
  }
  let name = plain(name.prefix(100))
  var best: (candidate: String, distance: Int)?
  for candidate in candidates {
    var distance = editDistance(name, plain(candidate))
    if let dot = candidate.lastIndex(of: "."), name == plain(candidate[dot...]) {
      distance = min(distance, 1)
    }
    if distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  guard let best, best.distance < name.count, best.distance <= max(2, name.count / 4) else { return nil }
  return best.candidate
}

/// Levenshtein: insertions, deletions and replacements between two texts.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
  var row = Array(0...right.count)
  for (i, character) in left.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, other) in right.enumerated() {
      let replaced = diagonal + (character == other ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[right.count]
}
