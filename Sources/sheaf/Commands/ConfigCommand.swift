import ArgumentParser
import GatewayConfiguration
import Platform

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Show every setting with its value and where the value came from.",
    discussion: """
      Takes the flags of `sheaf serve`, and shows what `sheaf serve` would run with. Secrets are shown as (set).

      EXIT STATUS
        0  all settings are right
        2  a setting is not right, or the settings file cannot be read; standard error says which and why
      """)

  @Flag(help: "Print JSON: a list of objects with name, value, origin, default and help.")
  var json = false
  @Flag(help: ArgumentHelp("Print docs/configuration.md.", visibility: .hidden))
  var document = false
  @OptionGroup var flags: SettingFlags

  func run() throws {
    if document {
      StandardOutput.line(String(SettingsDocument.markdown.dropLast()))
      return
    }
    let resolved = try flags.resolve()
    StandardOutput.line(json ? try resolved.json() : resolved.table)
  }
}
