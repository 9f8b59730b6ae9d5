import Blobs
import Platform
import TestSupport
import Vocabulary

/// A disk store in a data folder of its own, whose file calls are recorded and can be made to fail.
struct DiskFixture {
  let temporary: TemporaryFolder
  let files: FaultyFileSystem
  let store: DiskBlobStore
  /// Relative to `temporary`.
  private let folder: DataFolder

  init(isSynced: Bool = true, seed: UInt64 = 1) throws {
    temporary = try TemporaryFolder()
    files = FaultyFileSystem(in: temporary)
    folder = try DataFolder.open(temporary.path, on: files)
    store = DiskBlobStore(
      layout: folder.layout, files: files, executor: TestThreads.executor,
      hashers: TestThreads.hashers, index: NoExtents(), clock: ManualClock(),
      entropy: SeededEntropy(seed: seed), isSynced: isSynced)
    files.heal()
  }

  /// The same folder as another process would find it: nothing is remembered.
  func reopened(isSynced: Bool = true, index: any ExtentIndex = NoExtents()) -> DiskBlobStore {
    DiskBlobStore(
      layout: folder.layout, files: files, executor: TestThreads.executor,
      hashers: TestThreads.hashers, index: index, clock: ManualClock(), entropy: SeededEntropy(seed: 2),
      isSynced: isSynced)
  }

  /// A partial file that holds the bytes, durable.
  func fill(_ id: UploadID, _ bytes: [UInt8]) async throws {
    try await store.createPartial(id, urgency: .atOnce)
    let partial = try await store.openPartial(id, hashState: nil, urgency: .atOnce)
    try partial.append(bytes, isStaged: false)
    try await partial.sync()
    partial.close()
  }
}

func id(_ number: Int) -> UploadID {
  var random = SeededRandom(seed: UInt64(number))
  return random.id()
}

func partialName(_ id: UploadID) -> String { "partial/\(id.text.suffix(2))/\(id)" }
func objectName(_ digest: Digest) -> String { "objects/\(digest.hex.prefix(2))/\(digest.hex)" }

/// True when the body throws.
func fails(_ body: () async throws -> Void) async -> Bool {
  do {
    try await body()
    return false
  } catch {
    return true
  }
}
