import GatewayConfiguration
import Testing

@Suite("the declarations")
struct SettingsTests {
  @Test("the default and the nasty value of every setting are legal and read back as themselves")
  func legalValues() throws {
    for setting in Settings.all {
      let standard = try #require(setting.standard(home)?.shown)
      for value in [standard, setting.nastyValue] where value != .absent {
        #expect(try setting.read(value, from: .file("f")).shown == value, "\(setting.name)")
        #expect(try setting.read(.text(value.text), from: .flag("--f")).shown == value, "\(setting.name)")
      }
      #expect(standard != setting.nastyValue, "\(setting.name) is not tested at anything but its default")
    }
  }

  @Test("an absent value reads back as absent")
  func absence() throws {
    let setting = Settings.declarations.publicURL
    #expect(setting.standard(home)?.shown == .absent)
    #expect(try setting.read(.text(""), from: .flag("--public-url")).shown == .absent)
  }

  @Test("names, flags and variables are unique and well formed")
  func names() {
    let all = Settings.all
    #expect(all.count > 15)
    #expect(Set(all.map(\.name)).count == all.count)
    #expect(Set(all.map(\.flag)).count == all.count)
    #expect(Set(all.map(\.environmentName)).isDisjoint(with: SettingSources.otherVariables.keys))
    #expect(!all.contains { $0.flag == SettingSources.fileFlag })
    for setting in all {
      #expect(setting.name.wholeMatch(of: /([a-z]+\.)?[a-z][A-Za-z]*/) != nil, "\(setting.name)")
      #expect(setting.flag.wholeMatch(of: /[a-z]+(-[a-z]+)*/) != nil, "\(setting.name)")
      #expect(!setting.help.isEmpty && !setting.help.contains("\n") && !setting.help.hasSuffix("."))
    }
  }

  @Test("a variable is SHEAF_ and the flag in capitals")
  func environmentNames() {
    #expect(Settings.declarations.publicURL.environmentName == "SHEAF_PUBLIC_URL")
    #expect(Settings.declarations.port.environmentName == "SHEAF_PORT")
  }

  @Test("the nasty settings hold every nasty value with its type")
  func nasty() {
    #expect(Settings.nasty.port == 0)
    #expect(Settings.nasty.publicURL == Settings.declarations.publicURL.nasty)
    #expect(Settings.nasty.trustedProxies == Settings.declarations.trustedProxies.nasty)
    #expect(Settings.nasty.durability == .process)
    #expect(Settings.nasty.maximumUploadBytes == 1)
  }

  @Test(
    "bytes may have a unit",
    arguments: [
      ("0", 0), ("7B", 7), ("3kB", 3000), ("2 KiB", 2048), ("10GiB", 10 << 30), ("1TB", 1_000_000_000_000),
    ]
      as [(String, Int64)])
  func bytes(text: String, bytes: Int64) throws {
    let resolved = try Settings.resolve(flags: ["upload.maximumBytes": text], environment: home)
    #expect(resolved.settings.maximumUploadBytes == bytes)
    let fromFile = try Settings.resolve(
      flags: [:], environment: home, file: ("f", "upload.maximumBytes = '\(text)'"))
    #expect(fromFile.settings.maximumUploadBytes == bytes)
  }

  @Test(
    "the public URL is written as a browser writes an origin",
    arguments: [
      ("https://Example.com/", "https://example.com"), ("HTTPS://example.com:443", "https://example.com"),
      ("http://example.com:8080/", "http://example.com:8080"),
      ("http://example.com:443", "http://example.com:443"),
      ("http://[FD00:0::1]:80", "http://[fd00::1]"), ("http://10.0.0.1", "http://10.0.0.1"),
    ])
  func publicURL(text: String, url: String) throws {
    #expect(
      try Settings.resolve(flags: ["server.publicURL": text], environment: home).settings.publicURL == url)
  }

  @Test("a list is a comma-separated text or an array")
  func lists() throws {
    let blocks = try [ProxyPeer("10.0.0.0/8"), ProxyPeer("::1/128"), .unixSocket].map { try #require($0) }
    let flag = try Settings.resolve(
      flags: ["server.trustedProxies": "10.0.0.0/8, ::1,unix"], environment: home)
    #expect(flag.settings.trustedProxies == blocks)
    for toml in ["'10.0.0.0/8,::1,unix'", "['10.0.0.0/8', '::1', 'unix']"] {
      let file = try Settings.resolve(
        flags: [:], environment: home, file: ("f", "server.trustedProxies = \(toml)"))
      #expect(file.settings.trustedProxies == blocks)
    }
  }
}
