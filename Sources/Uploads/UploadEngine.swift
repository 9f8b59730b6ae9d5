import Blobs
import Catalog
import Platform
import Pushes
import Vocabulary

/// Limits and lifetimes of uploads.
package struct UploadLimits: Sendable {
  /// Largest upload in bytes.
  package var maximumBytes: Int64
  package var expirySeconds: Int64
  /// Lifetime of an upload whose creation broke off before the client can have learnt its URL (T-25).
  package var orphanExpirySeconds: Int64
  package var pushExpirySeconds: Int64
  /// Bytes received between two points where a running request makes its bytes and its hash state durable.
  package var checkpointBytes: Int64 = 64 << 20

  package init(
    maximumBytes: Int64, expirySeconds: Int64, orphanExpirySeconds: Int64, pushExpirySeconds: Int64
  ) {
    self.maximumBytes = maximumBytes
    self.expirySeconds = expirySeconds
    self.orphanExpirySeconds = orphanExpirySeconds
    self.pushExpirySeconds = pushExpirySeconds
  }
}

/// The async shell around the upload machines: ownership, storage, catalog, and the answer.
package final class UploadEngine: Sendable {
  let catalog: any CatalogStore
  let blobs: any BlobStore
  let clock: any WallClock
  let entropy: any Entropy
  let limits: UploadLimits
  let ownership = UploadOwnership()
  let wakeScheduler: @Sendable () -> Void
  let report: @Sendable (String) -> Void
  let logPush: @Sendable (PushID, String) async -> Void
  package let activity = UploadActivity()
  private let isDraining = Locked(false)

  /// `report` takes one line for the operator's log, `logPush` one for the log of a push.
  package init(
    catalog: any CatalogStore, blobs: any BlobStore, clock: any WallClock, entropy: any Entropy,
    limits: UploadLimits, wakeScheduler: @escaping @Sendable () -> Void,
    report: @escaping @Sendable (String) -> Void,
    logPush: @escaping @Sendable (PushID, String) async -> Void = { _, _ in }
  ) {
    self.catalog = catalog
    self.blobs = blobs
    self.clock = clock
    self.entropy = entropy
    self.limits = limits
    self.wakeScheduler = wakeScheduler
    self.report = report
    self.logPush = logPush
  }

  /// Carries out an intent. `body` is the request's content, if it has any; `client` names the requester in lists.
  package func perform(_ intent: UploadIntent, body: (any UploadBody)?, client: String?) async
    -> UploadOutcome
  {
    do {
      switch intent {
      case .discover: return .discovered
      case .create(let create): return try await self.create(create, body: body, client: client)
      case .inspect(let id): return try await inspect(id)
      case .append(let id, let append):
        return try await self.append(append, to: id, body: body, client: client)
      case .terminate(let id): return try await terminate(id)
      }
    } catch {
      return .refused(problem(for: error), view: nil)
    }
  }

  /// Refuses what is new from now on and asks every running request to keep what it has and end.
  package func drain() {
    isDraining.withLock { $0 = true }
    activity.interruptAll()
  }

  /// True from the first call of `drain` on.
  package var isDrainingNow: Bool { isDraining.withLock { $0 } }

  var drainingProblem: ProblemError? {
    guard isDrainingNow else { return nil }
    return ProblemError(
      .draining, detail: "the server is shutting down; what it acknowledged is safe, resume in a moment")
  }

  /// An operating error as the client's problem; what the client need not know goes to the log.
  func problem(for error: any Error) -> ProblemError {
    switch error {
    case let error as ProblemError: return error
    case let error as BlobError:
      report(error.description)
      return error.problem
    default:
      report("unexpected: \(error)")
      return ProblemError(.internalError, detail: "the server failed; the operator has been told")
    }
  }

  /// The record, or the problem that says why there is none to work on.
  func requireUpload(_ id: UploadID) async throws -> UploadRecord {
    let record = try await catalog.read { try $0.upload(id) }
    guard let record else { throw ProblemError(.notFound, detail: "there is no upload \(id)") }
    switch record.state {
    case .cancelled, .expired:
      throw ProblemError(.gone, detail: "upload \(id) was \(record.state.rawValue)")
    case .rejected:
      throw ProblemError(
        .uploadRejected, detail: record.reason ?? "upload \(id) was rejected; start a new one")
    case .created, .receiving, .received, .verified, .committed:
      return record
    }
  }

  func view(_ record: UploadRecord, offset: Int64) -> UploadView {
    UploadView(
      id: record.id, state: record.state, offset: offset, length: record.length, metadata: record.metadata,
      expiresAt: record.state.isOpen ? record.expiresAt : nil, digest: record.digest)
  }

  /// Takes the upload over, runs `body`, lets go. A newer request interrupts the `content` being received.
  func withOwnership<Result: Sendable>(
    of id: UploadID, interrupting content: (any UploadBody)? = nil,
    _ body: () async throws -> Result
  ) async throws -> Result {
    guard let lease = await ownership.acquire(id, onYield: { content?.interrupt() }) else {
      throw ProblemError(.busy, detail: "too many requests wait for upload \(id)")
    }
    defer { ownership.release(lease) }
    return try await body()
  }
}
