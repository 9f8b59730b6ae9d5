import Foundation
import GatewayConfiguration
import Testing

@Suite("how settings are shown")
struct SettingsReportTests {
  @Test("the table has a line for each setting, with value and origin")
  func table() throws {
    let resolved = try Settings.resolve(
      flags: ["server.port": "81"], environment: home.merging(["SHEAF_DATA": "a\nb"]) { $1 },
      file: ("x/sheaf.toml", "[io]\nthreads = 2"))
    let lines = resolved.table.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(lines.count == Settings.all.count + 1)
    #expect(lines[0] == "SETTING VALUE ORIGIN")
    #expect(lines.contains("server.port 81 flag --port"))
    #expect(lines.contains("data \"a\\nb\" environment SHEAF_DATA"))
    #expect(lines.contains("io.threads 2 file x/sheaf.toml"))
    #expect(lines.contains("server.publicURL (none) default"))
  }

  @Test("JSON has name, value, origin, default and help, typed")
  func json() throws {
    let resolved = try Settings.resolve(
      flags: ["server.port": "81", "server.trustedProxies": "::1"], environment: home)
    let items = try #require(
      try JSONSerialization.jsonObject(with: Data(resolved.json().utf8)) as? [[String: Any]])
    #expect(items.map { $0["name"] as? String } == Settings.all.map(\.name))
    for item in items { #expect(Set(item.keys) == ["name", "value", "origin", "default", "help"]) }
    func item(_ name: String) throws -> [String: Any] {
      try #require(items.first { $0["name"] as? String == name })
    }
    #expect(try item("server.port")["value"] as? Int == 81)
    #expect(try item("server.port")["origin"] as? String == "flag --port")
    #expect(try item("server.port")["default"] as? Int == Settings.declarations.port.defaultPort)
    #expect(try item("server.insecure")["value"] as? Bool == false)
    #expect(try item("server.publicURL")["value"] is NSNull)
    #expect(try item("server.trustedProxies")["value"] as? [String] == ["::1/128"])
    #expect(try item("data")["default"] as? String == "/home/somebody/.local/share/sheaf")
  }

  let secret = Setting(
    "test.key", flag: "key", .choice, default: Word.none, nasty: .hunter, help: "A secret", isSecret: true)
  enum Word: String, CaseIterable {
    case none = ""
    case hunter = "hunter2"
  }

  @Test("a secret is shown as (set), and only when it is")
  func secrets() throws {
    let set = try Settings.resolve(
      [secret], flags: ["test.key": "hunter2"], environment: ["SHEAF_KEY": ""], file: nil)
    #expect(set.entries.map(\.value) == [.text("(set)")])
    let json = try set.json()
    #expect(!set.table.contains("hunter2") && !json.contains("hunter2"))
    let unset = try Settings.resolve([secret], flags: [:], environment: [:], file: nil)
    #expect(unset.entries.map(\.value) == [.absent])
  }

  @Test("a mistake does not give a secret away")
  func secretMistake() {
    let error = #expect(throws: ConfigurationError.self) {
      try secret.read(.text("hunter3"), from: .environment("SHEAF_KEY"))
    }
    #expect(error?.description.contains("setting test.key is (hidden) (environment SHEAF_KEY)") == true)
    #expect(error?.description.contains("hunter3") == false)
  }
}

@Suite("docs/configuration.md")
struct SettingsDocumentTests {
  @Test("is what the declarations render to")
  func document() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let document = try String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)
    #expect(
      document == SettingsDocument.markdown, "run: swift run sheaf config --document > docs/configuration.md")
  }

  @Test("its example file is legal and changes nothing")
  func example() throws {
    let text = SettingsDocument.markdown
    let start = try #require(text.firstRange(of: "```toml\n")).upperBound
    let end = try #require(text[start...].firstRange(of: "```")).lowerBound
    let without = try Settings.resolve(flags: [:], environment: home)
    let with = try Settings.resolve(flags: [:], environment: home, file: ("f", String(text[start..<end])))
    #expect(with.entries.map(\.value) == without.entries.map(\.value))
    #expect(
      with.entries.filter { $0.origin == .standard }.map(\.name) == [
        "data", "server.unixSocket", "server.tlsCertificate", "server.tlsKey", "server.publicURL",
      ])
  }
}
