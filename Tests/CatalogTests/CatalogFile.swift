import Catalog
import Synchronization
import TestSupport
import Vocabulary

/// Runs `body` with the path of a catalog that does not exist yet, in a folder that is deleted afterwards.
func withCatalogFile(_ body: (String) async throws -> Void) async throws {
  let folder = try TemporaryFolder()
  try await body(folder.child("catalog.sqlite"))
  withExtendedLifetime(folder) {}
}

/// The statements that a catalog ran, in their order.
final class Trace: Sendable {
  private let statements = Mutex<[String]>([])

  func add(_ sql: String) {
    // SQLite reports a trigger's statements as comments, on behalf of the statement that fired it.
    guard !sql.hasPrefix("--") else { return }
    statements.withLock { $0.append(sql) }
  }
  func removeAll() { statements.withLock { $0 = [] } }
  var all: [String] { statements.withLock { $0 } }
}

func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

func id<Kind>(_ number: Int) -> Identifier<Kind> {
  Identifier(milliseconds: Int64(number), random: [UInt8](repeating: 7, count: 10))
}

func somePush(_ number: Int, state: PushState = .open) -> PushRecord {
  PushRecord(
    id: id(number), state: state, origin: .client, repo: .inbox, message: "", label: nil, author: nil,
    sealWhenComplete: true, createdAt: time(1), sealedAt: time(2), expiresAt: time(3))
}

func someUpload(_ number: Int, state: UploadState = .created, push: Int?, path: String) throws -> UploadRecord
{
  UploadRecord(
    id: id(number), state: state, length: 10, metadata: .none, push: push.map { id($0) },
    path: try BundlePath(path), filename: nil, declaredDigest: nil, modifiedAt: nil, mode: nil, client: nil,
    createdAt: time(1), updatedAt: time(2), expiresAt: time(3))
}
