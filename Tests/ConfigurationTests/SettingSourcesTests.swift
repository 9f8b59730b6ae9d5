import GatewayConfiguration
import Testing

@Suite("where a setting's value comes from")
struct SettingSourcesTests {
  /// From the strongest to the weakest, each with a port of its own.
  enum Source: Int, CaseIterable, CustomTestStringConvertible {
    case flag = 1
    case environment, file, standard

    var port: Int { self == .standard ? Settings.declarations.port.defaultPort : 1000 + rawValue }
    var origin: SettingOrigin {
      switch self {
      case .flag: .flag("--port")
      case .environment: .environment("SHEAF_PORT")
      case .file: .file("some/sheaf.toml")
      case .standard: .standard
      }
    }
    var testDescription: String { "\(origin)" }
  }

  @Test("the strongest source that gives a value wins and is shown", arguments: subsets)
  func precedence(sources: Set<Source>) throws {
    let resolved = try Settings.resolve(
      flags: sources.contains(.flag) ? ["server.port": "\(Source.flag.port)"] : [:],
      environment: home.merging(
        sources.contains(.environment) ? ["SHEAF_PORT": "\(Source.environment.port)"] : [:]
      ) {
        $1
      },
      file: sources.contains(.file) ? ("some/sheaf.toml", "[server]\nport = \(Source.file.port)\n") : nil)
    let winner = Source.allCases.first { sources.contains($0) } ?? .standard
    #expect(resolved.settings.port == winner.port)
    let entry = try #require(resolved.entries.first { $0.name == "server.port" })
    #expect(entry.value == .integer(Int64(winner.port)))
    #expect(entry.origin == winner.origin)
    #expect(entry.standard == .integer(Int64(Source.standard.port)))
  }

  /// Every choice of sources, so that each pair is met with and without the others.
  static let subsets: [Set<Source>] = (0..<8).map { bits in
    Set([Source.flag, .environment, .file].enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element))
  }

  @Test("every setting can be given by each source, at its nasty value", arguments: Settings.all.map(\.name))
  func everySource(name: String) throws {
    let setting = try #require(Settings.all.first { $0.name == name })
    let nasty = setting.nastyValue
    let toml = "\(setting.name) = \(literal(nasty))\n"
    for resolved in [
      try Settings.resolve(flags: [name: nasty.text], environment: home),
      try Settings.resolve(
        flags: [:], environment: home.merging([setting.environmentName: nasty.text]) { $1 }),
      try Settings.resolve(flags: [:], environment: home, file: ("f", toml)),
    ] {
      let entry = try #require(resolved.entries.first { $0.name == name })
      #expect(entry.value == nasty)
      #expect(entry.origin != .standard)
    }
  }

  @Test("a bad value is a mistake even when a flag overrides it")
  func overriddenMistake() {
    #expect(throws: ConfigurationError.self) {
      try Settings.resolve(flags: ["server.port": "1"], environment: home.merging(["SHEAF_PORT": "x"]) { $1 })
    }
  }

  @Test("the data folder follows XDG_DATA_HOME, then HOME; relative ones do not count")
  func dataFolder() throws {
    func data(_ environment: [String: String]) throws -> String {
      try Settings.resolve(flags: [:], environment: environment).settings.data
    }
    #expect(try data(["XDG_DATA_HOME": "/x", "HOME": "/h"]) == "/x/sheaf")
    #expect(try data(["XDG_DATA_HOME": "x", "HOME": "/h"]) == "/h/.local/share/sheaf")
    #expect(try data(["XDG_DATA_HOME": "", "HOME": "/h"]) == "/h/.local/share/sheaf")
    #expect(try data(["SHEAF_DATA": "d"]) == "d")
    let error = #expect(throws: ConfigurationError.self) { try data([:]) }
    #expect(error?.description.contains("setting data has no value") == true)
    #expect(error?.description.contains("--data or SHEAF_DATA") == true)
  }

  @Test("settings can be changed by assignment and keep their type")
  func assignment() throws {
    var settings = try Settings.resolve(flags: [:], environment: home).settings
    #expect(settings.publicURL == nil)
    settings.publicURL = "http://a"
    settings.port = 0
    #expect(settings.publicURL == "http://a")
    #expect(settings.port == 0)
    settings.publicURL = nil
    #expect(settings.publicURL == nil)
  }
}

@Suite("which settings file is read")
struct SettingsFileTests {
  private func port(
    config: String? = nil, variable: String? = nil, files: [String: String]
  ) throws -> (port: Int, read: [String]) {
    var environment = home
    environment["SHEAF_CONFIG"] = variable
    var read: [String] = []
    let resolved = try Settings.load(flags: [:], config: config, environment: environment) { path in
      read.append(path)
      return files[path]
    }
    return (resolved.settings.port, read)
  }

  @Test("the flag's file, else the variable's, else sheaf.toml; only one is read")
  func lookup() throws {
    let files = ["a": "server.port = 1", "b": "server.port = 2", "sheaf.toml": "server.port = 3"]
    #expect(try port(config: "a", variable: "b", files: files) == (1, ["a"]))
    #expect(try port(variable: "b", files: files) == (2, ["b"]))
    #expect(try port(files: files) == (3, ["sheaf.toml"]))
  }

  @Test("sheaf.toml may be missing, a named file may not")
  func missing() throws {
    #expect(try port(files: [:]).port == Settings.declarations.port.defaultPort)
    #expect(throws: ConfigurationError.badFile(path: "a", reason: "does not exist (named by --config)")) {
      try port(config: "a", files: ["sheaf.toml": ""])
    }
    #expect(throws: ConfigurationError.badFile(path: "", reason: "does not exist (named by SHEAF_CONFIG)")) {
      try port(variable: "", files: ["sheaf.toml": ""])
    }
  }

  @Test("a file that cannot be read is named with the reason")
  func unreadable() {
    struct Refusal: Error, CustomStringConvertible { let description = "permission denied" }
    #expect(throws: ConfigurationError.badFile(path: "a", reason: "cannot be read: permission denied")) {
      try Settings.load(flags: [:], config: "a", environment: home) { _ in throw Refusal() }
    }
  }
}

let home = ["HOME": "/home/somebody", "PATH": "/bin"]

extension Setting<Int> {
  /// The one place that says the default is the declaration; tests do not repeat it.
  var defaultPort: Int { Int(shownDefault) ?? -1 }
}

/// The value as sheaf.toml writes it.
func literal(_ value: SettingValue) -> String {
  switch value {
  case .text(let text): "'\(text)'"
  case .list(let items): "[\(items.map { "'\($0)'" }.joined(separator: ", "))]"
  case .integer, .boolean, .absent: value.text
  }
}
