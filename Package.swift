// swift-tools-version: 6.1
import PackageDescription

// Declared once: every target of this package is compiled with the same rules.
// ExistentialAny: https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
// MemberImportVisibility: https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "sheaf",
  products: [.executable(name: "sheaf", targets: ["sheaf"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.0"),
    .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.44.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"),
    .package(url: "https://github.com/apple/swift-http-structured-headers.git", from: "1.7.0"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0",
      traits: ["FullFoundation"]),
    .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.1.0"),
    .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
    .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    .package(url: "https://github.com/LebJe/TOMLKit.git", from: "0.6.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    library("Vocabulary"),
    library("Platform", ["Vocabulary", "CLibCrypto", "CLinux", "CZlib"]),
    library(
      "UploadProtocol",
      [
        "Vocabulary", httpTypes,
        .product(name: "RawStructuredFieldValues", package: "swift-http-structured-headers"),
      ]),
    library("Catalog", ["Vocabulary"]),
    library(
      "CatalogSQLite",
      [
        "Catalog", "Platform", "Vocabulary", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ]),
    library("Blobs", ["Platform", "Vocabulary"]),
    library("Pushes", ["Catalog", "Platform", "Vocabulary"]),
    library("Uploads", ["Pushes", "Catalog", "Blobs", "Platform", "Vocabulary"]),
    library("Ingestion", ["Pushes", "Blobs", "Catalog", "Platform", "Vocabulary"]),
    library("Scheduling", ["Catalog", "Platform", "Vocabulary"]),
    library("Bundles", ["Scheduling", "Blobs", "Catalog", "Platform", "Vocabulary"]),
    library("Doctor", ["Bundles", "Blobs", "Catalog", "Platform", "Vocabulary"]),
    library("GatewayConfiguration", ["Vocabulary", .product(name: "TOMLKit", package: "TOMLKit")]),
    .target(
      name: "HTTPEdge",
      dependencies: [
        "GatewayConfiguration", "Bundles", "Scheduling", "Uploads", "Ingestion", "Pushes", "UploadProtocol",
        "Blobs", "Catalog", "Platform", "Vocabulary", httpTypes, logging, nioCore,
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOExtras", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Mustache", package: "swift-mustache"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      resources: [.embedInCode("Assets")],
      swiftSettings: strict),
    library(
      "Client",
      [
        "Platform", "Vocabulary", nioCore, .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ]),
    .executableTarget(
      name: "sheaf",
      dependencies: [
        "HTTPEdge", "Client", "Doctor", "CatalogSQLite", "GatewayConfiguration", "Bundles", "Scheduling",
        "Uploads", "Ingestion", "Pushes", "Blobs", "Catalog", "Platform", "Vocabulary", logging,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),

    .target(
      name: "TestSupport",
      dependencies: ["Blobs", "Catalog", "Platform", "Vocabulary"], path: "Tests/TestSupport",
      swiftSettings: strict),
    tests("VocabularyTests", ["TestSupport", "Vocabulary"]),
    tests(
      "CatalogTests",
      [
        "TestSupport", "CatalogSQLite", "Catalog", "Vocabulary",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    .testTarget(
      name: "UploadProtocolTests", dependencies: ["UploadProtocol", "Vocabulary", httpTypes],
      exclude: ["Vectors"], swiftSettings: strict),
    tests(
      "UploadsTests",
      ["TestSupport", "Uploads", "Pushes", "CatalogSQLite", "Catalog", "Blobs", "Platform", "Vocabulary"]),
    tests("ConfigurationTests", ["GatewayConfiguration"]),
    tests(
      "HTTPEdgeTests",
      [
        "TestSupport", "HTTPEdge", "GatewayConfiguration", "Bundles", "Scheduling", "Uploads", "Ingestion",
        "Pushes", "Blobs",
        "CatalogSQLite", "Catalog", "Platform", "Vocabulary", httpTypes, logging, nioCore,
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
      ]),
    tests(
      "ClientTests",
      [
        "Client", "TestSupport", "Platform", "Vocabulary", nioCore,
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ]),
    tests("PlatformTests", ["TestSupport", "Platform", "Vocabulary"]),
    tests("BlobsTests", ["TestSupport", "Blobs", "Platform", "Vocabulary"]),
    tests(
      "PushesTests",
      ["TestSupport", "Pushes", "CatalogSQLite", "Catalog", "Platform", "Vocabulary"]),
    tests(
      "IngestionTests",
      [
        "TestSupport", "Ingestion", "Bundles", "Scheduling", "Uploads", "Pushes", "Blobs", "CatalogSQLite",
        "Catalog", "Platform", "Vocabulary",
      ]),
    tests(
      "SchedulingTests", ["TestSupport", "Scheduling", "CatalogSQLite", "Catalog", "Platform", "Vocabulary"]),
    tests(
      "BundlesTests",
      [
        "TestSupport", "Bundles", "Scheduling", "Blobs", "CatalogSQLite", "Catalog", "Platform", "Vocabulary",
      ]),
    tests("RepositoryTests", ["TestSupport"]),
    .testTarget(
      name: "EndToEndTests", dependencies: ["TestSupport", "sheaf", "Platform", "Vocabulary"],
      exclude: ["Scripts"], swiftSettings: strict),
    .testTarget(
      name: "CrashTests", dependencies: ["TestSupport", "sheaf", "Platform", "Vocabulary"],
      exclude: ["Scripts"], swiftSettings: strict),
    tests(
      "DoctorTests",
      [
        "TestSupport", "Doctor", "Bundles", "Scheduling", "Uploads", "Pushes", "Blobs", "CatalogSQLite",
        "Catalog", "Platform", "Vocabulary", .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    tests(
      "SimulationTests",
      [
        "TestSupport", "Bundles", "Scheduling", "Uploads", "Pushes", "Blobs", "CatalogSQLite", "Catalog",
        "Platform", "Vocabulary",
      ]),
    .executableTarget(
      name: "BaselineServer", dependencies: ["CLibCrypto"], path: "Tests/Benchmarks/BaselineServer"),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "BaselineServer", "sheaf", "Platform", "Vocabulary",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Benchmarks/Benchmarks", swiftSettings: strict),
  ]
)
