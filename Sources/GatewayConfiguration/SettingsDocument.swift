/// docs/configuration.md, rendered from the declarations.
package enum SettingsDocument {
  package static var markdown: String {
    var text = """
      # Configuration

      <!-- Generated from Sources/GatewayConfiguration/Settings.swift: swift run sheaf config --document > docs/configuration.md -->

      Nothing needs to be set. A setting takes the value of the first source that gives one:

      1. its flag of `sheaf serve`,
      2. its variable in the environment,
      3. its key in the settings file,
      4. its default.

      `sheaf config` takes the same flags as `sheaf serve` and shows every setting with its value and its origin; `sheaf config --json`
      and `GET /api/v1/config` do so for programs.

      A variable is called `SHEAF_` and the flag in capitals with `_` for `-`. A variable that is empty is a value, not the absence of one.
      The settings file is TOML: the one that `--\(SettingSources.fileFlag) FILE` names, else the one that `\(SettingSources.fileVariable)` names, else
      `\(SettingSources.standardFile)` in the working directory if there is one.

      Mistakes end the start with exit status 2 and one line that names the setting, the value, its origin and what was expected. An unknown
      key and an unknown `SHEAF_*` variable are mistakes, and so is a bad value that another source overrides.

      """
    for section in sections {
      text += "\n## \(section.title)\n\n"
      text += "| setting | flag | variable | value | default | what it does |\n|---|---|---|---|---|---|\n"
      text += section.settings.map(row).joined()
    }
    text += "\n## Other variables\n\n| variable | what it does |\n|---|---|\n"
    for (name, help) in SettingSources.otherVariables.sorted(by: { $0.key < $1.key }) {
      text += "| `\(name)` | \(cell(help)) |\n"
    }
    return text + "\n## A settings file with every default\n\n```toml\n\(example)```\n"
  }

  /// The settings without a section come first, under a title of their own.
  private static var sections: [(title: String, settings: [any AnySetting])] {
    var sections: [(title: String, settings: [any AnySetting])] = []
    for setting in Settings.all {
      let title = section(of: setting) ?? "General"
      if sections.last?.title == title {
        sections[sections.count - 1].settings.append(setting)
      } else {
        sections.append((title, [setting]))
      }
    }
    return sections
  }

  private static func section(of setting: any AnySetting) -> String? {
    setting.name.lastIndex(of: ".").map { String(setting.name[..<$0]) }
  }

  private static func row(_ setting: any AnySetting) -> String {
    let standard = setting.shownDefault.isEmpty ? "none" : "`\(setting.shownDefault)`"
    return
      "| `\(setting.name)` | `--\(setting.flag)` | `\(setting.environmentName)` | \(cell(setting.expectation)) "
      + "| \(cell(standard)) | \(cell(setting.help)) |\n"
  }

  private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }

  /// A comment where the default is nothing or depends on the machine.
  private static var example: String {
    var text = ""
    var current: String?
    for setting in Settings.all {
      if let section = section(of: setting), section != current {
        text += "\n[\(section)]\n"
        current = section
      }
      let key = setting.name.split(separator: ".").last.map(String.init) ?? setting.name
      if let standard = setting.standard([:])?.shown, standard.form != nil {
        text += "\(key) = \(literal(standard))\n"
      } else {
        text += "# \(key): \(setting.shownDefault.isEmpty ? "none" : setting.shownDefault)\n"
      }
    }
    return text
  }

  private static func literal(_ value: SettingValue) -> String {
    switch value {
    case .text(let text): basicString(text)
    case .list(let items): "[\(items.map(basicString).joined(separator: ", "))]"
    case .integer, .boolean, .absent: value.text
    }
  }

  private static func basicString(_ text: String) -> String {
    "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
  }
}
