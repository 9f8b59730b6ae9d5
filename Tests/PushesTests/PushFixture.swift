import Catalog
import CatalogSQLite
import Platform
import Pushes
import TestSupport
import Testing
import Vocabulary

/// A register over a real catalog in a folder of its own.
final class PushFixture: Sendable {
  let folder: TemporaryFolder
  let catalog: any CatalogStore
  let clock = ManualClock()
  let register: PushRegister
  private let wakes = Locked(0)
  private let random = Locked(SeededRandom(seed: 1))

  init() throws {
    folder = try TemporaryFolder()
    catalog = try SQLiteCatalog(path: folder.child("catalog.sqlite"))
    let wakes = wakes
    register = PushRegister(
      catalog: catalog, clock: clock, entropy: SeededEntropy(seed: 2), expirySeconds: 3600,
      wakeScheduler: { wakes.withLock { $0 += 1 } })
  }

  var wakeCount: Int { wakes.withLock { $0 } }

  func id<Kind>() -> Identifier<Kind> { random.withLock { $0.id() } }

  func push(_ state: PushState, _ change: @Sendable (inout PushRecord) -> Void = { _ in }) async throws
    -> PushID
  {
    var push = PushRecord.sample(id(), state)
    change(&push)
    let inserted = push
    try await catalog.write { try $0.insert(inserted, expecting: []) }
    return push.id
  }

  @discardableResult
  func upload(_ state: UploadState, _ path: String, of push: PushID, length: Int64? = 10) async throws
    -> UploadRecord
  {
    let upload = UploadRecord.sample(id(), state, push: push, path: try BundlePath(path), length: length)
    try await catalog.write { try $0.insert(upload) }
    return upload
  }

  func record(_ id: PushID) async throws -> PushRecord {
    try #require(try await catalog.read { try $0.push(id) })
  }

  func events() async throws -> [NewEvent] {
    try await catalog.read { try $0.events(after: 0, limit: 1000).map(\.event) }
  }
}

func expected(_ path: String, _ size: Int64 = 10) throws -> ExpectedFile {
  ExpectedFile(path: try BundlePath(path), size: size, digest: nil)
}

/// The problem that the body throws.
func problem(_ body: () async throws -> Void) async -> ProblemError? {
  do {
    try await body()
    return nil
  } catch {
    return error as? ProblemError
  }
}
