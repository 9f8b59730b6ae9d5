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
  /// Uploads of at most this many bytes that arrive whole are stored together with others.
  package var smallBytes: Int
  /// Content of small uploads held in memory by all requests together.
  package var bufferedBytes: Int
  /// Unfinished uploads of one client; 0 is no limit.
  package var maximumOpenPerClient: Int
  /// Bytes that all unfinished uploads may come to together; 0 is no limit.
  package var maximumPartialBytes: Int64
  /// Free space that content leaves, a twentieth of the storage at most; 0 is none.
  package var reserveBytes: Int64
  /// The most bytes one request may bring.
  package var maximumAppendBytes: Int64

  package init(
    maximumBytes: Int64, expirySeconds: Int64, orphanExpirySeconds: Int64, pushExpirySeconds: Int64,
    smallBytes: Int = 64 << 10, bufferedBytes: Int = 32 << 20, maximumOpenPerClient: Int = 0,
    maximumPartialBytes: Int64 = 0, reserveBytes: Int64 = 0, maximumAppendBytes: Int64 = .max
  ) {
    self.maximumAppendBytes = maximumAppendBytes
    self.maximumOpenPerClient = maximumOpenPerClient
    self.maximumPartialBytes = maximumPartialBytes
    self.reserveBytes = reserveBytes
    self.smallBytes = smallBytes
    self.bufferedBytes = max(smallBytes, bufferedBytes)
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
  let sessions = UploadSessions()
  let verifications = VerificationQueue()
  /// Final uploads whose parts are being put together.
  let assemblies = VerificationQueue(maximumRunning: 2)
  let smallContent: ByteBudget
  let unfinished: UnfinishedUploads
  let headroom: DiskHeadroom
  private let clientName: @Sendable (String) -> String?
  let spawn: @Sendable (@escaping @Sendable () async -> Void) -> Void
  let uptime: @Sendable () -> ContinuousClock.Instant
  package let activity = UploadActivity()
  package typealias Notify = @Sendable (UploadNotice) -> Void
  /// Claims of files without their bytes that are under way.
  let claims = Locked(0)
  private let isDraining = Locked(false)

  /// `report` takes one line for the operator's log, `logPush` one for the log of a push; `spawn` starts work that
  /// nobody waits for; `clientName` tells whom limits count an address as, nil for nobody; `uptime` paces notices.
  package init(
    catalog: any CatalogStore, blobs: any BlobStore, clock: any WallClock, entropy: any Entropy,
    limits: UploadLimits, wakeScheduler: @escaping @Sendable () -> Void,
    report: @escaping @Sendable (String) -> Void,
    logPush: @escaping @Sendable (PushID, String) async -> Void = { _, _ in },
    spawn: @escaping @Sendable (@escaping @Sendable () async -> Void) -> Void = { work in
      Task { await work() }
    },
    clientName: @escaping @Sendable (String) -> String? = { $0 },
    uptime: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    self.uptime = uptime
    self.spawn = spawn
    self.clientName = clientName
    unfinished = UnfinishedUploads(
      maximumBytes: limits.maximumPartialBytes, maximumPerClient: limits.maximumOpenPerClient)
    headroom = DiskHeadroom(
      reserveBytes: limits.reserveBytes, clock: clock, spawn: spawn, measure: { try await blobs.space() })
    smallContent = ByteBudget(bytes: limits.bufferedBytes)
    self.catalog = catalog
    self.blobs = blobs
    self.clock = clock
    self.entropy = entropy
    self.limits = limits
    self.wakeScheduler = wakeScheduler
    self.report = report
    self.logPush = logPush
  }

  /// Carries out an intent. `body` is the request's content, if it has any; `client` names the requester in lists;
  /// `notify` is told what a client that waits would like to know.
  package func perform(
    _ intent: UploadIntent, body: (any UploadBody)?, client: String?,
    notify: Notify? = nil
  ) async -> UploadOutcome {
    do {
      switch intent {
      case .discover: return .discovered
      case .create(let create):
        return try await self.create(create, body: body, client: client, notify: notify)
      case .inspect(let id, let completes): return try await inspect(id, completes: completes)
      case .append(let id, let append):
        return try await self.append(append, to: id, body: body, client: client, notify: notify)
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

  /// Any error as the client's problem; what the client need not know goes to the operator.
  package func problem(for error: any Error) -> ProblemError {
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

  /// Whom limits count the upload's creator as.
  func client(of record: UploadRecord) -> String? { record.client.flatMap { clientName($0) } }

  /// The record, or the problem that says why there is none to work on.
  func requireUpload(_ id: UploadID) async throws -> UploadRecord {
    let record = try await catalog.read { try $0.upload(id) }
    guard let record else { throw ProblemError(.notFound, detail: "there is no upload \(id)") }
    switch record.state {
    case .cancelled, .expired:
      if record.reason == Self.invalidReason {
        throw ProblemError(.uploadInvalid, detail: "upload \(id) ended because \(Self.invalidReason)")
      }
      if PushRules.isSuperseded(record) {
        throw ProblemError(
          .superseded, detail: "upload \(id) is not in its push: \(record.reason ?? "")",
          members: ["path": .text(record.path.text)])
      }
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
      expiresAt: record.state.isOpen ? record.expiresAt : nil, digest: record.digest,
      concatenation: record.concatenation, isAssembling: record.isAssembling)
  }

  /// Takes the upload over, runs `body` with its session, lets go. A newer request interrupts the `content` being
  /// received. After an error the next owner begins anew, from the catalog and the disk.
  func withUpload<Result: Sendable>(
    _ id: UploadID, interrupting content: (any UploadBody)? = nil,
    _ body: (inout UploadSession) async throws -> Result
  ) async throws -> Result {
    try await withLease(of: id, interrupting: content) { try await withSession(of: id, body) }
  }

  /// The same for who owns the upload already.
  func withSession<Result: Sendable>(
    of id: UploadID, _ body: (inout UploadSession) async throws -> Result
  ) async throws -> Result {
    var session: UploadSession
    if let kept = sessions.take(id) { session = kept } else { session = try await load(id) }
    do {
      let result = try await body(&session)
      if session.record.state.isOpen { sessions.keep(session) } else { session.partial?.close() }
      return result
    } catch {
      session.partial?.close()
      throw error
    }
  }

  /// Takes the upload over, runs `body`, lets go; no session outlives it.
  func withOwnership<Result: Sendable>(
    of id: UploadID, _ body: () async throws -> Result
  ) async throws -> Result {
    try await withLease(of: id, interrupting: nil) {
      sessions.take(id)?.partial?.close()
      return try await body()
    }
  }

  func withLease<Result: Sendable>(
    of id: UploadID, interrupting content: (any UploadBody)?, _ body: () async throws -> Result
  ) async throws -> Result {
    guard let lease = await ownership.acquire(id, onYield: { content?.interrupt() }) else {
      throw ProblemError(.busy, detail: "too many requests wait for upload \(id)")
    }
    defer { ownership.release(lease) }
    return try await body()
  }

  private func load(_ id: UploadID) async throws -> UploadSession {
    var session = UploadSession(record: try await requireUpload(id), partial: nil)
    if session.record.state.isOpen { session.partial = try await openPartial(&session.record) }
    return session
  }

  /// Saves how far running hashes are, so that a restart need not hash those bytes again; called now and then.
  package func saveHashes() async throws {
    // Collected where they are written: a file cut back meanwhile has its row written after this, never before.
    try await catalog.write { [sessions, activity] transaction in
      for hash in sessions.unsavedHashes() + activity.unsavedHashes() {
        try transaction.saveHash(hash.state, byteCount: hash.byteCount, of: hash.id)
      }
    }
  }
}
