import Bundles
import Catalog
import Ingestion
import Pushes
import Uploads
import Vocabulary

extension GatewayServices {
  /// Queues a push. While all that is missing is the hash of bytes that are there, it waits for that a while.
  ///
  /// - Throws: as `PushRegister.seal`.
  package func sealPush(_ id: PushID) async throws -> PushRecord { try await attemptSeal(id).get() }

  /// The same, telling whether it was sealed before.
  func attemptSeal(_ id: PushID, by actor: String? = nil) async throws -> SealAttempt {
    try await Self.settled {
      try await pushes.attemptSeal(id, by: actor)
    } isSettling: {
      $0.isVerifying
    }
  }

  /// Cancels a push and ends its unfinished uploads, whose senders then find them gone.
  ///
  /// The push is closed first: nothing new can enter it meanwhile. What a crash leaves behind expires.
  ///
  /// - Throws: `ProblemError`: `not-found`, or `push-closed` when it is committed or has expired.
  package func cancelPush(_ id: PushID, by actor: String? = nil) async throws -> PushRecord {
    let push = try await pushes.cancel(id, by: actor)
    if let actor { await logs.append(id, "that was asked for by \(quoted(actor))") }
    ingests.stop(id)
    var after: String?
    while true {
      let cursor = after
      let page = try await catalog.read { try $0.uploads(ofPush: id, after: cursor, limit: 500) }
      for upload in page where upload.state.isOpen || upload.state == .received {
        let outcome = await uploads.perform(.terminate(upload.id), body: nil, client: nil)
        // Its own client may have ended or finished it a moment ago.
        if case .refused(let error, _) = outcome, error.problem != .gone, error.problem != .pushClosed {
          throw error
        }
      }
      guard let last = page.last else { return push }
      after = last.path.text
    }
  }

  /// Queues a failed push again, or makes a waiting one try at once.
  ///
  /// - Throws: as `PushRegister.retry`.
  func retryPush(_ id: PushID, by actor: String) async throws -> PushRecord {
    let push = try await pushes.retry(id, by: actor)
    await logs.append(id, "queued again by \(quoted(actor))")
    return push
  }
}
