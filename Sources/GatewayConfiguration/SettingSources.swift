/// Names in the environment and in the settings file that are not settings' own.
package enum SettingSources {
  /// The flag that names the settings file, without dashes.
  package static let fileFlag = "config"
  /// The variable that names the settings file.
  package static let fileVariable = "SHEAF_CONFIG"
  /// The settings file when nobody names one; it may be missing.
  package static let standardFile = "sheaf.toml"
  /// A settings file is refused beyond this; it also bounds how deep the parser can recurse.
  package static let maximumFileBytes = 16 << 10
  /// Variables of `sheaf` that no setting has.
  package static let otherVariables = [
    fileVariable: "The settings file, when `--\(fileFlag)` does not name one",
    "SHEAF_AUTHOR": "Who asks for the changes that client commands make",
    "SHEAF_SERVER": "The URL of the gateway that client commands talk to",
  ]
}

/// Every setting with the value that counts and its origin.
package struct ResolvedSettings: Sendable {
  package let settings: Settings
  /// In the order of the declarations.
  package let entries: [Entry]

  /// One setting as `sheaf config` and `/api/v1/config` show it.
  package struct Entry: Sendable, Equatable, Encodable {
    package let name: String
    /// What is shown: `(set)` for a secret.
    package let value: SettingValue
    package let origin: SettingOrigin
    /// The default on this machine, `absent` where there is none.
    package let standard: SettingValue
    package let help: String
  }
}

extension Settings {
  /// Finds, for every setting, the value of the first source that gives one: flag, environment, file, default.
  ///
  /// Everything given must be right, also what another source overrides, so that a mistake shows at once.
  ///
  /// - Parameters:
  ///   - flags: texts by the settings' names.
  ///   - environment: all of it; variables without `SHEAF_` matter for defaults only.
  /// - Throws: the first mistake.
  /// - Precondition: `flags` has settings' names only.
  package static func resolve(
    flags: [String: String], environment: [String: String], file: (path: String, text: String)? = nil
  ) throws(ConfigurationError) -> ResolvedSettings {
    try resolve(all, flags: flags, environment: environment, file: file)
  }

  /// The same with the settings file read by `read`, which gives `nil` for a file that is not there.
  ///
  /// - Parameter config: the file that a flag names; then the variable, then `sheaf.toml`, which alone may be missing.
  package static func load(
    flags: [String: String], config: String?, environment: [String: String], read: (String) throws -> String?
  ) throws(ConfigurationError) -> ResolvedSettings {
    let named = config ?? environment[SettingSources.fileVariable]
    let path = named ?? SettingSources.standardFile
    let text: String?
    do {
      text = try read(path)
    } catch {
      throw .badFile(path: path, reason: "cannot be read: \(error)")
    }
    if text == nil, named != nil {
      let origin = config == nil ? SettingSources.fileVariable : "--\(SettingSources.fileFlag)"
      throw .badFile(path: path, reason: "does not exist (named by \(origin))")
    }
    return try resolve(flags: flags, environment: environment, file: text.map { (path, $0) })
  }

  /// The same for any list of settings.
  package static func resolve(
    _ declared: [any AnySetting], flags: [String: String], environment: [String: String],
    file: (path: String, text: String)?
  ) throws(ConfigurationError) -> ResolvedSettings {
    precondition(
      flags.keys.allSatisfy { name in declared.contains { $0.name == name } }, "a flag of no setting")
    try checkVariables(environment, declared)
    var given: [String: [(value: SettingValue, origin: SettingOrigin)]] = [:]
    for setting in declared {
      if let text = flags[setting.name] {
        given[setting.name, default: []].append((.text(text), .flag("--\(setting.flag)")))
      }
      let variable = setting.environmentName
      if let text = environment[variable] {
        given[setting.name, default: []].append((.text(text), .environment(variable)))
      }
    }
    if let file {
      for (name, value) in try SettingsFile(path: file.path, text: file.text).values {
        guard let value = try check(name, value, .file(file.path), declared) else { continue }
        given[name, default: []].append((value, .file(file.path)))
      }
    }
    var values: [String: any Sendable] = [:]
    var entries: [ResolvedSettings.Entry] = []
    for setting in declared {
      let standard = setting.standard(environment)
      var chosen = standard.map { (typed: $0.typed, shown: $0.shown, origin: SettingOrigin.standard) }
      for (value, origin) in given[setting.name, default: []].reversed() {
        let read = try setting.read(value, from: origin)
        chosen = (read.typed, read.shown, origin)
      }
      guard let chosen else {
        throw .missingValue(
          setting: setting.name, expected: "--\(setting.flag) or \(setting.environmentName)")
      }
      values[setting.name] = chosen.typed
      entries.append(
        .init(
          name: setting.name, value: setting.isSecret ? hidden(chosen.shown) : chosen.shown,
          origin: chosen.origin,
          standard: setting.isSecret ? hidden(standard?.shown ?? .absent) : standard?.shown ?? .absent,
          help: setting.help))
    }
    return ResolvedSettings(settings: Settings(values), entries: entries)
  }

  private static func hidden(_ value: SettingValue) -> SettingValue {
    value.text.isEmpty ? .absent : .text("(set)")
  }

  private static func checkVariables(
    _ environment: [String: String], _ declared: [any AnySetting]
  ) throws(ConfigurationError) {
    let known = declared.map(\.environmentName) + SettingSources.otherVariables.keys.sorted()
    for variable in environment.keys.sorted() where variable.hasPrefix("SHEAF_") && !known.contains(variable)
    {
      let rest = variable.dropFirst("SHEAF_".count)
      // SHEAF_SERVER_PORT, after the key of the file, is a likely slip: it means SHEAF_PORT.
      let spelled = declared.first { plainName($0.name) == plainName(rest) }
      throw .unknownName(
        variable, origin: .environment(variable),
        nearest: spelled?.environmentName ?? nearest(to: variable, among: known))
    }
  }

  private static func plainName(_ text: some StringProtocol) -> String {
    text.lowercased().filter { $0 != "." && $0 != "_" }
  }

  /// The value when it belongs to a setting, `nil` for the empty table of a section.
  private static func check(
    _ name: String, _ value: SettingsFile.Value, _ origin: SettingOrigin, _ declared: [any AnySetting]
  ) throws(ConfigurationError) -> SettingValue? {
    let setting = declared.first { $0.name == name }
    let sections = Set(
      declared.compactMap { $0.name.split(separator: ".").dropLast().first.map(String.init) })
    switch (setting, value) {
    case (nil, .emptyTable) where sections.contains(name):
      return nil
    case (nil, _) where sections.contains(name):
      throw .badValue(
        setting: name, value: "a single value", origin: origin, expected: "a table: write [\(name)]")
    case (nil, _):
      throw .unknownName(
        name, origin: origin, nearest: nearest(to: name, among: declared.map(\.name) + sections.sorted()))
    case (let setting?, .emptyTable):
      throw .badValue(setting: name, value: "a table", origin: origin, expected: setting.expectation)
    case (let setting?, .other(let form)):
      throw .badValue(setting: name, value: form, origin: origin, expected: setting.expectation)
    case (_?, .setting(let value)):
      return value
    }
  }
}
