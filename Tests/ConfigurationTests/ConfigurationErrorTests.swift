import GatewayConfiguration
import Testing

@Suite("what is wrong with the settings")
struct ConfigurationErrorTests {
  struct BadValue: Sendable, CustomTestStringConvertible {
    let setting: String
    let text: String
    /// A part of the expectation that tells what would be right.
    let expected: String
    init(_ setting: String, _ text: String, _ expected: String) {
      self.setting = setting
      self.text = text
      self.expected = expected
    }
    var testDescription: String { "\(setting) = \(text)" }
  }

  static let badValues = [
    BadValue("data", "", "a path"),
    BadValue("data", "~/sheaf", "~ is not expanded"),
    BadValue("server.host", "", "an IP address or a host name"),
    BadValue("server.host", "[::1]", "without brackets"),
    BadValue("server.host", "127.0.0.1:80", "without brackets or port"),
    BadValue("server.host", "300.1.1.1", "an IP address"),
    BadValue("server.host", "a b", "a host name"),
    BadValue("server.port", "", "from 0 to 65535"),
    BadValue("server.port", "65536", "from 0 to 65535"),
    BadValue("server.port", "-1", "from 0 to 65535"),
    BadValue("server.port", "80 ", "an integer"),
    BadValue("server.port", "0x50", "an integer"),
    BadValue("server.publicURL", "example.com", "http:// or https://"),
    BadValue("server.publicURL", "ftp://example.com", "http:// or https://"),
    BadValue("server.publicURL", "https://", "a host"),
    BadValue("server.publicURL", "https://example.com/sheaf", "without a path"),
    BadValue("server.publicURL", "https://example.com//", "without a path"),
    BadValue("server.publicURL", "https://example.com?x", "without a path"),
    BadValue("server.publicURL", "https://me@example.com", "a host"),
    BadValue("server.publicURL", "https://example.com:0", "port"),
    BadValue("server.publicURL", "https://example.com:", "port"),
    BadValue("server.publicURL", "https://exam\r\nple.com", "a host"),
    BadValue("server.unixSocket", "~/s", "~ is not expanded"),
    BadValue("server.tlsCertificate", "~/c.pem", "~ is not expanded"),
    BadValue("server.tlsKey", "~/k.pem", "~ is not expanded"),
    BadValue("source", "scans", "NAME=DIR"),
    BadValue("source", "scans=", "NAME=DIR"),
    BadValue("source", "no name=/srv", "letters, digits"),
    BadValue("source", "a=/srv,a=/mnt", "each name once"),
    BadValue("server.trustedProxies", "10.0.0.0/8,", "comma-separated"),
    BadValue("server.trustedProxies", "10.0.0.1/8", "CIDR"),
    BadValue("server.trustedProxies", "proxy.local", "CIDR"),
    BadValue("server.trustedProxies", "unix:/run/x", "the word unix"),
    BadValue("server.interimResponses", "yes", "auto, on, off"),
    BadValue("server.interimProxies", "nginx", "CIDR"),
    BadValue("server.allowedOrigins", "app.example", "https://app.example"),
    BadValue("server.allowedOrigins", "https://app.example/", "no path"),
    BadValue("server.allowedOrigins", "https://app.example/a", "no path"),
    BadValue("server.allowedOrigins", "https://*.app.example", "* alone"),
    BadValue("server.allowedOrigins", "*,https://app.example", "* alone"),
    BadValue("server.allowedOrigins", "https://app.example,", "comma-separated"),
    BadValue("server.allowedOrigins", "null", "origins such as"),
    BadValue("server.allowedOrigins", "file:///tmp/a.html", "http or https"),
    BadValue("server.allowCredentials", "1", "true or false"),
    BadValue("server.insecure", "yes", "true or false"),
    BadValue("server.insecure", "", "true or false"),
    BadValue("server.drainSeconds", "3601", "seconds"),
    BadValue("server.idleTimeoutSeconds", "0", "from 1"),
    BadValue("server.headTimeoutSeconds", "0", "from 1"),
    BadValue("server.maximumConnections", "0", "from 1"),
    BadValue("server.maximumConnectionsPerAddress", "-1", "0 for no limit"),
    BadValue("upload.maximumAppendBytes", "100 MBit", "10GiB"),
    BadValue("upload.maximumPartialBytes", "-1", "0 for no limit"),
    BadValue("upload.maximumOpenPerAddress", "-1", "0 for no limit"),
    BadValue("upload.minimumBytesPerSecond", "-1", "0 for no minimum"),
    BadValue("storage.reserveBytes", "5%", "bytes, or text such as 10GiB"),
    BadValue("upkeep.collectionHours", "-1", "0 for only when asked"),
    BadValue("upkeep.scrubBytesPerSecond", "fast", "bytes, or text such as 10GiB"),
    BadValue("log.format", "xml", "text or json"),
    BadValue("log.level", "verbose", "trace, debug, info, notice, warning, error, critical"),
    BadValue("upload.durability", "fsync", "synced or process"),
    BadValue("upload.maximumBytes", "-1", "at least 0"),
    BadValue("upload.maximumBytes", "1 GiBB", "10GiB"),
    BadValue("upload.maximumBytes", "GiB", "10GiB"),
    BadValue("upload.maximumBytes", "9999999999TiB", "10GiB"),
    BadValue("upload.expirySeconds", "0", "from 1"),
    BadValue("upload.orphanExpirySeconds", "1h", "seconds"),
    BadValue("push.expirySeconds", "9223372036854775807", "seconds"),
    BadValue("upload.smallBytes", "2000000", "from 0 to 1048576"),
    BadValue("upload.smallBufferBytes", "1", "from 65536"),
    BadValue("scheduler.maxRunning", "0", "from 1"),
    BadValue("scheduler.heartbeatMilliseconds", "1", "milliseconds"),
    BadValue("scheduler.maximumAttempts", "0", "from 1"),
    BadValue("scheduler.commitTimeoutSeconds", "1h", "0 for no limit"),
    BadValue("io.threads", "9999999999999999999999", "from 1 to 256"),
  ]

  @Test("a bad value is named with its setting, its origin and what is right", arguments: badValues)
  func badValue(_ bad: BadValue) throws {
    let setting = try #require(Settings.all.first { $0.name == bad.setting })
    let fromFlag = #expect(throws: ConfigurationError.self) {
      try Settings.resolve(flags: [bad.setting: bad.text], environment: home)
    }
    let fromVariable = #expect(throws: ConfigurationError.self) {
      try Settings.resolve(flags: [:], environment: home.merging([setting.environmentName: bad.text]) { $1 })
    }
    for (error, origin) in [
      (fromFlag, SettingOrigin.flag("--\(setting.flag)")),
      (fromVariable, .environment(setting.environmentName)),
    ] {
      guard case .badValue(bad.setting, let value, origin, let expected) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(expected.contains(bad.expected))
      let line = try #require(error?.description)
      #expect(line.contains(bad.setting) && line.contains(value) && line.contains("\(origin)"))
      #expect(line.contains(expected) && !line.utf8.contains { $0 < 0x20 })
      #expect(bad.text.utf8.contains { $0 < 0x20 } || value == "\"\(bad.text)\"")
    }
  }

  @Test("every setting has a bad value among these cases")
  func completeness() {
    #expect(Set(Self.badValues.map(\.setting)) == Set(Settings.all.map(\.name)))
  }

  @Test(
    "a value of the wrong TOML type is a mistake",
    arguments: [
      ("server.port = '80'", "server.port", "written as an integer, not a string"),
      ("server.port = 80.0", "server.port", "from 0 to 65535"),
      ("server.host = 127", "server.host", "written as a string, not an integer"),
      ("server.insecure = 'true'", "server.insecure", "written as a boolean, not a string"),
      ("server.insecure = 1", "server.insecure", "written as a boolean, not an integer"),
      ("server.trustedProxies = [1]", "server.trustedProxies", "CIDR"),
      ("log.level = ['info']", "log.level", "written as a string, not an array"),
      ("data = 2026-01-31", "data", "a path"),
      ("[data]", "data", "a path"),
      ("server = 3", "server", "write [server]"),
    ])
  func wrongType(toml: String, setting: String, expected: String) throws {
    let error = #expect(throws: ConfigurationError.self) {
      try Settings.resolve(flags: [:], environment: home, file: ("dir/sheaf.toml", toml))
    }
    let line = try #require(error?.description)
    #expect(line.contains("setting \(setting) is ") && line.contains(expected))
    #expect(line.contains("file dir/sheaf.toml"))
  }

  @Test(
    "an unknown key of the file is a mistake, with the nearest name",
    arguments: [
      ("[server]\nprot = 1", "server.prot", "server.port"),
      ("port = 1", "port", "server.port"),
      ("[server]\npublic_url = 'x'", "server.public_url", "server.publicURL"),
      ("[Server]\nport = 1", "Server.port", "server.port"),
      ("[sevrer]", "sevrer", "server"),
      ("[data]\nfolder = 'x'", "data.folder", nil),
      ("colour = 'x'", "colour", nil),
      ("'server.port' = 1", "\"server.port\"", "server.port"),
      ("'' = 1", "\"\"", nil),
      ("[server.port]\nnumber = 1", "server.port.number", nil),
      ("[[server]]\nport = 1", "", nil),
    ] as [(String, String, String?)])
  func unknownKey(toml: String, key: String, nearest: String?) {
    let error = #expect(throws: ConfigurationError.self) {
      try Settings.resolve(flags: [:], environment: home, file: ("f.toml", toml))
    }
    guard !key.isEmpty else { return }
    #expect(error == .unknownName(key, origin: .file("f.toml"), nearest: nearest))
    if let nearest {
      #expect(error?.description == "file f.toml: \(key) is no setting; did you mean \(nearest)?")
    }
  }

  @Test(
    "an unknown SHEAF_ variable is a mistake, with the nearest name",
    arguments: [
      ("SHEAF_PROT", "SHEAF_PORT"), ("SHEAF_SERVER_PORT", "SHEAF_PORT"),
      ("SHEAF_PUBLICURL", "SHEAF_PUBLIC_URL"),
      ("SHEAF_UPLOAD_MAXIMUM_BYTES", "SHEAF_MAXIMUM_UPLOAD_BYTES"), ("SHEAF_CONFG", "SHEAF_CONFIG"),
      ("SHEAF_", nil), ("SHEAF_COLOUR", nil),
    ] as [(String, String?)])
  func unknownVariable(name: String, nearest: String?) {
    let error = #expect(throws: ConfigurationError.self) {
      try Settings.resolve(flags: [:], environment: home.merging([name: ""]) { $1 })
    }
    #expect(error == .unknownName(name, origin: .environment(name), nearest: nearest))
    if let nearest {
      #expect(error?.description == "environment variable \(name) is no setting; did you mean \(nearest)?")
    }
  }

  @Test("the client's variables and everybody else's are left alone")
  func otherVariables() throws {
    let environment = home.merging([
      "SHEAF_SERVER": "http://x", "SHEAF_CONFIG": "f", "SHEAFX": "1", "PORT": "1",
    ]) { $1 }
    _ = try Settings.resolve(flags: [:], environment: environment)
  }

  @Test("what is not TOML is shown with its position")
  func notTOML() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try Settings.resolve(flags: [:], environment: home, file: ("f.toml", "[server]\nport = = 1\n"))
    }
    let line = try #require(error?.description)
    #expect(line.hasPrefix("file f.toml: line 2, column "))
    #expect(!line.utf8.contains { $0 < 0x20 })
  }

  @Test(
    "a NUL, written or escaped, cannot cut a value short",
    arguments: ["data = 'x'\n\0port = 1", "data = \"x\\u0000y\""])
  func notCutShort(toml: String) {
    #expect(throws: ConfigurationError.badFile(path: "f.toml", reason: "has a NUL character")) {
      try Settings.resolve(flags: [:], environment: home, file: ("f.toml", toml))
    }
  }

  @Test("the largest file is read however deep its tables are, a larger one is refused")
  func depthAndSize() {
    let parts = (SettingSources.maximumFileBytes - 2) / 2
    let deep = Array(repeating: "z", count: parts).joined(separator: ".") + "=1"
    let unknown = #expect(throws: ConfigurationError.self) {
      try Settings.resolve(flags: [:], environment: home, file: ("f.toml", deep))
    }
    #expect(unknown == .unknownName("z.z.z.z", origin: .file("f.toml"), nearest: nil))
    let large = String(repeating: "#", count: SettingSources.maximumFileBytes + 1)
    let refused = #expect(throws: ConfigurationError.self) {
      try Settings.resolve(flags: [:], environment: home, file: ("f.toml", large))
    }
    #expect(
      refused == .badFile(path: "f.toml", reason: "is larger than \(SettingSources.maximumFileBytes) bytes"))
  }
}
