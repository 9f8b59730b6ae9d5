import Blobs
import Bundles
import Catalog
import Platform
import TestSupport
import Testing
import Vocabulary

/// A data folder with bundles and packs to collect in.
struct CollectionFixture: Sendable {
  let commits: CommitFixture
  let store: DiskBlobStore
  let films: RepoName

  init() throws {
    commits = try CommitFixture()
    store = commits.store(index: FixtureIndex(catalog: commits.catalog))
    films = try RepoName("films")
  }

  var catalog: FaultyCatalog { commits.catalog }
  var repos: RepoRegister { RepoRegister(catalog: catalog, clock: commits.clock) }

  /// A collection by a process that has just started, when no pack of an earlier one grows any more.
  @discardableResult func collect(
    in catalog: (any CatalogStore)? = nil, isSynced: Bool = true,
    inFlight: BundlesInFlight = BundlesInFlight()
  ) async throws -> CollectionReport {
    let catalog = catalog ?? self.catalog
    let store = DiskBlobStore(
      layout: commits.layout, files: commits.files, executor: TestThreads.executor,
      hashers: TestThreads.hashers, index: FixtureIndex(catalog: catalog), clock: ManualClock(),
      entropy: SystemEntropy(), isSynced: isSynced)
    return try await Collector(catalog: catalog, blobs: store, inFlight: inFlight)
      .run(isDryRun: false) { _ in }
  }

  @discardableResult func commit(_ contents: [String: String]) async throws -> BundleRecord {
    let (push, bundle, _) = try await commits.admit(contents, repo: films)
    try await commits.committer(blobs: store).commit(push)
    return try #require(try await catalog.read { try $0.bundle(bundle) })
  }

  func digest(_ text: String) -> Digest { SHA256Stream.digest(of: Array(text.utf8)) }

  /// Puts a small content into the pack that grows, with its extent.
  @discardableResult func pack(_ text: String) async throws -> Extent {
    let digest = digest(text)
    let extent = try await store.putSmall(Array(text.utf8), digest: digest)
    try await catalog.write { try $0.insert(extent, of: digest) }
    return extent
  }

  /// A pack of this many contents, of which those with these numbers are files of an open push; where each lies.
  func pack(_ count: Int, alive: Set<Int>) async throws -> [Extent] {
    let push = PushRecord.sample(commits.id(), .open, repo: films)
    var uploads: [UploadRecord] = []
    var extents: [Extent] = []
    for number in 0..<count {
      let text = Self.content(number)
      extents.append(try await pack(text))
      guard alive.contains(number) else { continue }
      uploads.append(
        .sample(
          commits.id(), .verified, push: push.id, path: try BundlePath("\(number)"),
          length: Int64(text.utf8.count), digest: digest(text)))
    }
    let records = uploads
    try await catalog.write { transaction in
      try transaction.insert(push, expecting: [])
      for upload in records { try transaction.insert(upload) }
    }
    return extents
  }

  static func content(_ number: Int) -> String { "content \(number) " + String(repeating: "x", count: 500) }

  /// Whether the content is read as it was stored.
  func isReadable(_ number: Int) async throws -> Bool {
    let text = Self.content(number)
    guard let object = try? await store.openObject(digest(text)) else { return false }
    defer { object.close() }
    return try await object.read(1000, at: 0) == Array(text.utf8)
  }

  /// Flips a bit of a file.
  func damage(_ path: String, at offset: Int64) throws {
    var bytes = try commits.temporary.bytes(of: path)
    bytes[Int(offset)] ^= 1
    try LinuxFileSystem().remove(commits.temporary.child(path))
    try commits.temporary.write(bytes, to: path)
  }

  func path(_ digest: Digest) -> String { "objects/\(digest.hex.prefix(2))/\(digest.hex)" }
}
