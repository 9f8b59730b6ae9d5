/// Every setting, each declared once; the order is that of the documentation and of `sheaf config`.
package struct SettingDeclarations: Sendable {
  package let data = Setting(
    "data", flag: "data", .path, default: "$XDG_DATA_HOME/sheaf, or $HOME/.local/share/sheaf",
    nasty: "./a \"b\"/ü", help: "The data folder: uploads, objects, bundles and the catalog"
  ) { environment in
    if let home = environment["XDG_DATA_HOME"], home.hasPrefix("/") { return "\(home)/sheaf" }
    if let home = environment["HOME"], home.hasPrefix("/") { return "\(home)/.local/share/sheaf" }
    return nil
  }

  package let sources = Setting(
    "source", flag: "source", .sources, default: [],
    nasty: [SourceSetting(name: "a", path: "./a \"b\"=ü")],
    help: "A folder of this machine that pushes can be made of; the flag may be given several times"
  )

  package let host = Setting(
    "server.host", flag: "host", .host, default: "127.0.0.1", nasty: "::1",
    help: "The address to listen on; one that others can reach needs --insecure")
  package let port = Setting(
    "server.port", flag: "port", .integer(0...65535, zero: "any free port"), default: 8773, nasty: 0,
    help: "The TCP port to listen on")
  package let unixSocket = Setting(
    "server.unixSocket", flag: "unix-socket", .optionalPath, default: nil, nasty: "./a \"b\"/ü.sock",
    help: "A unix socket to listen on instead of host and port")
  package let tlsCertificate = Setting(
    "server.tlsCertificate", flag: "tls-certificate", .optionalPath, default: nil, nasty: "./ü.pem",
    help: "The PEM file of the certificate and its chain; makes the server speak TLS")
  package let tlsKey = Setting(
    "server.tlsKey", flag: "tls-key", .optionalPath, default: nil, nasty: "./ü.key",
    help: "The PEM file of the certificate's private key, without a passphrase")
  package let publicURL = Setting(
    "server.publicURL", flag: "public-url", .publicURL, default: nil, nasty: "https://[fd00::1]:65535",
    help: "The URL clients use, when it is not the address listened on; makes links absolute")
  package let trustedProxies = Setting(
    "server.trustedProxies", flag: "trusted-proxies", .peers, default: [],
    nasty: [ProxyPeer("0.0.0.0/0")!, ProxyPeer("::1")!, .unixSocket],
    help:
      "Proxies whose Forwarded and X-Forwarded-* fields are believed; unix means all peers of a unix socket"
  )
  package let interimResponses = Setting(
    "server.interimResponses", flag: "interim-responses", .choice, default: InterimResponses.auto,
    nasty: .off,
    help:
      "Sending 104 responses ahead of the final one: auto only to direct clients and server.interimProxies")
  package let interimProxies = Setting(
    "server.interimProxies", flag: "interim-proxies", .peers, default: [], nasty: [.unixSocket],
    help: "Proxies that pass a 104 response on as one, as HAProxy and Caddy do and nginx does not")
  package let allowedOrigins = Setting(
    "server.allowedOrigins", flag: "allowed-origins", .origins, default: .listed([]), nasty: .all,
    help: "Other sites whose pages may upload to this server and read its API (CORS)")
  package let allowCredentials = Setting(
    "server.allowCredentials", flag: "allow-credentials", .boolean, default: false, nasty: true,
    help:
      "Pages of the listed server.allowedOrigins may send cookies and passwords; never those of any site (*)"
  )
  package let insecure = Setting(
    "server.insecure", flag: "insecure", .boolean, default: false, nasty: true,
    help: "Listen on an address others can reach although there is no access control")
  package let drainSeconds = Setting(
    "server.drainSeconds", flag: "drain-seconds", .integer(0...3600, unit: "seconds", zero: "no wait"),
    default: 10,
    nasty: 0, help: "How long a shutdown waits for running requests")
  package let idleTimeoutSeconds = Setting(
    "server.idleTimeoutSeconds", flag: "idle-timeout-seconds", .integer(1...86400, unit: "seconds"),
    default: 60, nasty: 1,
    help: "A connection that is silent for this long is closed")
  package let headTimeoutSeconds = Setting(
    "server.headTimeoutSeconds", flag: "head-timeout-seconds", .integer(1...3600, unit: "seconds"),
    default: 30, nasty: 1,
    help: "A request's head that is not whole after this time ends the connection")
  package let maximumConnections = Setting(
    "server.maximumConnections", flag: "maximum-connections", .integer(1...1_000_000),
    default: 10000, nasty: 1, help: "Connections open at a time; more are not accepted")
  package let maximumConnectionsPerAddress = Setting(
    "server.maximumConnectionsPerAddress", flag: "maximum-connections-per-address",
    .integer(0...1_000_000, zero: "no limit"), default: 512, nasty: 1,
    help: "Connections of one IPv4 address or IPv6 /64 network; trusted proxies are not counted")

  package let logFormat = Setting(
    "log.format", flag: "log-format", .choice, default: LogFormat.text, nasty: .json,
    help: "The form of log lines")
  package let logLevel = Setting(
    "log.level", flag: "log-level", .choice, default: LogLevel.info, nasty: .trace,
    help: "The least severe messages to log")

  package let durability = Setting(
    "upload.durability", flag: "durability", .choice, default: Durability.synced, nasty: .process,
    help: "What acknowledged bytes survive: synced a power loss, process only the end of the process")
  package let maximumUploadBytes = Setting(
    "upload.maximumBytes", flag: "maximum-upload-bytes", .bytes(0...Int64.max, zero: "no limit"), default: 0,
    nasty: 1,
    help: "The largest upload")
  package let maximumAppendBytes = Setting(
    "upload.maximumAppendBytes", flag: "maximum-append-bytes", .bytes(0...Int64.max, zero: "no limit"),
    default: 0, nasty: 1,
    help:
      "The most content one request may bring, such as 100MB behind a proxy that takes no more; clients are told"
  )
  package let maximumPartialBytes = Setting(
    "upload.maximumPartialBytes", flag: "maximum-partial-bytes",
    .bytes(0...Int64.max, zero: "no limit"), default: 0, nasty: 1,
    help: "Bytes of all unfinished uploads together, by their lengths; then no more are created")
  package let maximumOpenPerAddress = Setting(
    "upload.maximumOpenPerAddress", flag: "maximum-open-per-address",
    .integer(0...10_000_000, zero: "no limit"), default: 10000, nasty: 1,
    help: "Unfinished uploads of one IPv4 address or IPv6 /64 network; trusted proxies are not counted")
  package let minimumBytesPerSecond = Setting(
    "upload.minimumBytesPerSecond", flag: "minimum-bytes-per-second",
    .integer(0...1_000_000_000, zero: "no minimum"), default: 64, nasty: 0,
    help: "A body that brings less, over the time of server.idleTimeoutSeconds, is broken off")
  package let smallUploadBytes = Setting(
    "upload.smallBytes", flag: "small-upload-bytes",
    .integer(0...1_048_576, unit: "bytes", zero: "only empty ones"),
    default: 65536, nasty: 0,
    help: "An upload up to this size that arrives in one request is stored in a pack together with others")
  package let smallBufferBytes = Setting(
    "upload.smallBufferBytes", flag: "small-buffer-bytes", .integer(65536...1_073_741_824, unit: "bytes"),
    default: 33_554_432, nasty: 65536,
    help: "Memory for the content of small uploads on their way; further ones wait")
  package let uploadExpirySeconds = Setting(
    "upload.expirySeconds", flag: "upload-expiry-seconds", .integer(1...oneCentury, unit: "seconds"),
    default: 604_800,
    nasty: 1, help: "An unfinished upload that gets no bytes for this long is deleted")
  package let orphanExpirySeconds = Setting(
    "upload.orphanExpirySeconds", flag: "orphan-expiry-seconds", .integer(1...oneCentury, unit: "seconds"),
    default: 3600,
    nasty: 1, help: "The same for an upload whose client cannot have learnt its URL")
  package let pushExpirySeconds = Setting(
    "push.expirySeconds", flag: "push-expiry-seconds", .integer(1...oneCentury, unit: "seconds"),
    default: 604_800, nasty: 1,
    help: "A push that stays open without activity for this long expires")

  package let reserveBytes = Setting(
    "storage.reserveBytes", flag: "reserve-bytes", .bytes(0...Int64.max, zero: "no reserve"),
    default: 268_435_456, nasty: .max,
    help: "Free space (5 % of the file system at most) that is kept for finishing, cancelling and the catalog"
  )

  package let collectionHours = Setting(
    "upkeep.collectionHours", flag: "collection-hours", .integer(0...8760, zero: "only when asked"),
    default: 24, nasty: 0,
    help: "The space of what no bundle and no push needs any more is freed this often")

  package let scrubBytesPerSecond = Setting(
    "upkeep.scrubBytesPerSecond", flag: "scrub-bytes-per-second", .bytes(0...Int64.max, zero: "never"),
    default: 4_194_304, nasty: 1,
    help: "How fast every stored byte is read again, once a week, to find what is damaged")

  package let maximumRunning = Setting(
    "scheduler.maxRunning", flag: "max-running", .integer(1...1000), default: 3, nasty: 1,
    help: "Pushes committed at a time")
  package let heartbeatMilliseconds = Setting(
    "scheduler.heartbeatMilliseconds", flag: "heartbeat-milliseconds",
    .integer(10...60000, unit: "milliseconds"),
    default: 1000, nasty: 10, help: "The scheduler looks for work this often even when nothing wakes it")
  package let maximumAttempts = Setting(
    "scheduler.maximumAttempts", flag: "maximum-attempts", .integer(1...1000), default: 10, nasty: 1,
    help: "Attempts at a commit, after failures that may pass, before its push fails")
  package let commitTimeoutSeconds = Setting(
    "scheduler.commitTimeoutSeconds", flag: "commit-timeout-seconds",
    .integer(0...2_592_000, unit: "seconds", zero: "no limit"), default: 3600, nasty: 60,
    help: "A commit that takes longer is stopped and tried again; longer than the heartbeat")
  package let ioThreads = Setting(
    "io.threads", flag: "io-threads", .integer(1...256), default: 8, nasty: 1,
    help: "Threads for reading and writing files")
}

/// 100 years: far beyond any use, and still safe to add to a moment.
private let oneCentury: Int64 = 3_153_600_000

/// The form of log lines.
package enum LogFormat: String, CaseIterable, Sendable { case text, json }

/// Severities, the names of swift-log.
package enum LogLevel: String, CaseIterable, Sendable {
  case trace, debug, info, notice, warning, error, critical
}

/// When responses are sent ahead of the final one; `auto` asks `InterimPolicy`.
package enum InterimResponses: String, CaseIterable, Sendable { case auto, on, off }

/// What acknowledged bytes survive.
package enum Durability: String, CaseIterable, Sendable { case synced, process }

/// The value of every setting: `settings.port` is an `Int` because `SettingDeclarations.port` declares one.
@dynamicMemberLookup
package struct Settings: Sendable {
  package static let declarations = SettingDeclarations()

  /// All declarations in order. They are read off the struct, so that declaring a setting is all there is to do.
  package static let all: [any AnySetting] = Mirror(reflecting: declarations).children.map { child in
    guard let setting = child.value as? any AnySetting else {
      preconditionFailure("\(child.label ?? "a member") of SettingDeclarations is not a setting")
    }
    return setting
  }

  /// Every setting at its nasty test value.
  package static let nasty = Settings(Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.nastyTyped) }))

  private var values: [String: any Sendable]

  /// - Precondition: there is a value of the right type for every declaration.
  init(_ values: [String: any Sendable]) { self.values = values }

  package subscript<Value>(dynamicMember setting: KeyPath<SettingDeclarations, Setting<Value>>) -> Value {
    get {
      guard let value = values[Self.declarations[keyPath: setting].name] as? Value else {
        preconditionFailure("no value for the setting \(Self.declarations[keyPath: setting].name)")
      }
      return value
    }
    set { values[Self.declarations[keyPath: setting].name] = newValue }
  }
}
