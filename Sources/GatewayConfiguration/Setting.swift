import Vocabulary

/// One setting: its only declaration. Flags, variables, the settings file, help and documentation follow from it.
package struct Setting<Value: Sendable>: Sendable {
  /// Dotted camelCase: the table and the key in sheaf.toml.
  package let name: String
  /// The flag without its dashes; it also names the variable.
  package let flag: String
  package let kind: SettingKind<Value>
  /// One line, without a full stop.
  package let help: String
  /// The smallest or oddest legal value, for tests.
  package let nasty: Value
  /// A value that is never shown.
  package let isSecret: Bool
  private let standard: Standard

  private enum Standard: Sendable {
    case value(Value)
    /// `shown` stands for it where there is no environment to ask.
    case derived(shown: String, @Sendable ([String: String]) -> Value?)
  }

  package init(
    _ name: String, flag: String, _ kind: SettingKind<Value>, default standard: Value, nasty: Value,
    help: String,
    isSecret: Bool = false
  ) {
    self.init(name, flag, kind, .value(standard), nasty, help, isSecret)
  }

  /// A setting whose default depends on the environment; `derive` gives `nil` where there is none.
  package init(
    _ name: String, flag: String, _ kind: SettingKind<Value>, default shown: String, nasty: Value,
    help: String,
    derive: @escaping @Sendable (_ environment: [String: String]) -> Value?
  ) {
    self.init(name, flag, kind, .derived(shown: shown, derive), nasty, help, false)
  }

  private init(
    _ name: String, _ flag: String, _ kind: SettingKind<Value>, _ standard: Standard, _ nasty: Value,
    _ help: String,
    _ isSecret: Bool
  ) {
    self.name = name
    self.flag = flag
    self.kind = kind
    self.standard = standard
    self.nasty = nasty
    self.help = help
    self.isSecret = isSecret
  }
}

/// A setting whatever its type.
package protocol AnySetting: Sendable {
  var name: String { get }
  var flag: String { get }
  var help: String { get }
  var isSecret: Bool { get }
  var placeholder: String { get }
  var expectation: String { get }
  /// The default for documentation, the same on every machine.
  var shownDefault: String { get }
  var nastyValue: SettingValue { get }
  var nastyTyped: any Sendable { get }

  /// The default in an environment; `nil` where there is none.
  func standard(_ environment: [String: String]) -> (typed: any Sendable, shown: SettingValue)?

  /// Reads a value as it was given; the file's form counts, text is text everywhere else.
  ///
  /// - Throws: an error that names the setting, the value, its origin and what was expected.
  func read(_ given: SettingValue, from origin: SettingOrigin) throws(ConfigurationError)
    -> (typed: any Sendable, shown: SettingValue)
}

extension AnySetting {
  /// `SHEAF_` and the flag in capitals: `--public-url` is `SHEAF_PUBLIC_URL`.
  package var environmentName: String {
    "SHEAF_" + flag.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
  }
}

extension Setting: AnySetting {
  package var placeholder: String { kind.placeholder }
  package var expectation: String { kind.expectation }
  package var nastyValue: SettingValue { kind.show(nasty) }
  package var nastyTyped: any Sendable { nasty }

  package var shownDefault: String {
    switch standard {
    case .value(let value): kind.show(value).text
    case .derived(let shown, _): shown
    }
  }

  package func standard(_ environment: [String: String]) -> (typed: any Sendable, shown: SettingValue)? {
    switch standard {
    case .value(let value): (value, kind.show(value))
    case .derived(_, let derive): derive(environment).map { ($0, kind.show($0)) }
    }
  }

  package func read(_ given: SettingValue, from origin: SettingOrigin) throws(ConfigurationError)
    -> (typed: any Sendable, shown: SettingValue)
  {
    let shown =
      isSecret ? "(hidden)" : given.form == .string || given.form == .list ? quoted(given.text) : given.text
    if case .file = origin, let form = given.form, !kind.forms.contains(form) {
      let forms = kind.forms.map(\.rawValue).joined(separator: " or ")
      throw .badValue(
        setting: name, value: shown, origin: origin,
        expected: "\(expectation), written as \(forms), not \(form.rawValue)")
    }
    guard let value = kind.parse(given.text) else {
      throw .badValue(setting: name, value: shown, origin: origin, expected: expectation)
    }
    return (value, kind.show(value))
  }
}
