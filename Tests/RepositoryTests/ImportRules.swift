/// Who may import whom. Imports go one way: a target comes after all it imports.
enum ImportRules {
  struct Target: Sendable {
    let name: String
    /// Targets of this package.
    let own: Set<String>
    /// Modules of the toolchain and of other packages.
    let outside: Set<String>

    init(_ name: String, own: Set<String>, outside: Set<String> = []) {
      self.name = name
      self.own = own
      self.outside = outside
    }
  }

  private static let core: Set = ["Catalog", "Platform", "Vocabulary"]

  static let targets: [Target] = [
    Target("Vocabulary", own: []),
    Target("Platform", own: ["Vocabulary"], outside: ["Glibc", "Dispatch", "CLibCrypto", "CLinux", "CZlib"]),
    Target(
      "UploadProtocol", own: ["Vocabulary"], outside: ["HTTPTypes", "RawStructuredFieldValues"]),
    Target("Catalog", own: ["Vocabulary"]),
    Target("CatalogSQLite", own: core, outside: ["GRDB", "GRDBSQLite", "Foundation"]),
    Target("Blobs", own: ["Platform", "Vocabulary"]),
    Target("Pushes", own: core),
    Target("Uploads", own: core.union(["Pushes", "Blobs"])),
    Target("Ingestion", own: core.union(["Pushes", "Blobs"])),
    Target("Scheduling", own: core),
    Target("Bundles", own: core.union(["Scheduling", "Blobs"]), outside: ["FoundationEssentials"]),
    Target("Doctor", own: core.union(["Bundles", "Blobs"])),
    Target(
      "GatewayConfiguration", own: ["Vocabulary"], outside: ["TOMLKit", "FoundationEssentials"]),
    Target(
      "HTTPEdge",
      own: core.union([
        "GatewayConfiguration", "Bundles", "Scheduling", "Uploads", "Ingestion", "Pushes", "UploadProtocol",
        "Blobs",
      ]),
      outside: [
        "Hummingbird", "HummingbirdCore", "Mustache", "HTTPTypes", "Logging", "ServiceLifecycle",
        "Foundation", "NIOCore",
        "NIOPosix",
        "NIOHTTP1", "NIOHTTP2", "NIOSSL", "NIOTLS", "NIOExtras", "NIOHTTPTypes", "NIOHTTPTypesHTTP1",
      ]),
    // NIOHTTP1 has the header fields that AsyncHTTPClient takes.
    Target(
      "Client", own: ["Platform", "Vocabulary"],
      outside: ["AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOSSL", "HTTPTypes", "Foundation"]),
    Target(
      "sheaf",
      own: core.union([
        "HTTPEdge", "Client", "Doctor", "CatalogSQLite", "GatewayConfiguration", "Bundles", "Scheduling",
        "Uploads", "Ingestion", "Pushes", "Blobs",
      ]),
      outside: ["ArgumentParser", "Logging", "ServiceLifecycle", "UnixSignals", "Foundation"]),
  ]

  /// The only targets that may import these, whatever the list above says.
  static let keepers: [String: Set<String>] = [
    "Glibc": ["Platform"], "CLibCrypto": ["Platform"], "CLinux": ["Platform"], "CZlib": ["Platform"],
    "GRDB": ["CatalogSQLite"],
    "GRDBSQLite": ["CatalogSQLite"],
    "TOMLKit": ["GatewayConfiguration"], "Hummingbird": ["HTTPEdge"], "HummingbirdCore": ["HTTPEdge"],
    "Mustache": ["HTTPEdge"],
    "AsyncHTTPClient": ["Client"], "NIOCore": ["HTTPEdge", "Client"], "ArgumentParser": ["sheaf"],
    "HTTPTypes": ["UploadProtocol", "HTTPEdge", "Client"], "NIOSSL": ["HTTPEdge", "Client"],
    "NIOHTTP2": ["HTTPEdge"],
    "RawStructuredFieldValues": ["UploadProtocol"],
  ]

  /// Folders of Sources that hold the headers of system libraries, no Swift.
  static let systemLibraries: Set = ["CLibCrypto", "CLinux", "CZlib"]

  /// The modules that a source file imports.
  static func imports(in text: String) -> [String] {
    let pattern =
      /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/
      .anchorsMatchLineEndings()
    return text.matches(of: pattern).map { String($0.output.1) }
  }

  /// Per target of a package manifest, the names of the targets and products it depends on.
  static func dependencies(in manifest: String) -> [String: Set<String>] {
    let start =
      /(?:\blibrary|\btests|\.target|\.executableTarget|\.testTarget|\.systemLibrary)\(\s*(?:name:\s*)?"(\w+)"/
    let aliases = /^let (\w+) = Target\.Dependency\.product\(name: "(\w+)"/.anchorsMatchLineEndings()
    let products = Dictionary(
      uniqueKeysWithValues: manifest.matches(of: aliases).map { (String($0.output.1), String($0.output.2)) })
    let starts = manifest.matches(of: start)
    var result: [String: Set<String>] = [:]
    for (index, match) in starts.enumerated() {
      let end = index + 1 < starts.count ? starts[index + 1].range.lowerBound : manifest.endIndex
      let body = String(manifest[match.range.upperBound..<end])
        .replacing(
          /package: "[^"]*"|path: "[^"]*"|exclude: \[[^\]]*\]|resources: \[[^\]]*\]|pkgConfig: "[^"]*"/,
          with: ""
        )
        .replacing(/\.apt\([^)]*\)/, with: "")
      var names = Set(body.matches(of: /"(\w+)"/).map { String($0.output.1) })
      let words = Set(body.matches(of: /\b\w+\b/).map { String($0.output) })
      for (alias, product) in products where words.contains(alias) { names.insert(product) }
      result[String(match.output.1)] = names
    }
    return result
  }
}
