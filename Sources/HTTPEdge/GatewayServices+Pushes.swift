import Catalog
import Pushes
import Uploads
import Vocabulary

extension GatewayServices {
  private static let sealAttempts = 200
  private static let sealPause = Duration.milliseconds(50)

  /// Queues a push. While all that is missing is the hash of bytes that are there, it waits for that a while.
  ///
  /// - Throws: as `PushRegister.seal`.
  package func sealPush(_ id: PushID) async throws -> PushRecord {
    for _ in 0..<Self.sealAttempts {
      do {
        return try await pushes.seal(id)
      } catch let error as ProblemError where error.problem == .pushIncomplete {
        guard try await isOnlyBeingVerified(id) else { throw error }
      }
      try await Task.sleep(for: Self.sealPause)
    }
    return try await pushes.seal(id)
  }

  private func isOnlyBeingVerified(_ id: PushID) async throws -> Bool {
    try await catalog.read { reader in
      let missing = try reader.missing(ofPush: id, limit: PushRegister.missingLimit)
      guard !missing.isEmpty, missing.count < PushRegister.missingLimit else { return false }
      return try missing.allSatisfy { item in
        try reader.upload(ofPush: id, at: BundlePath(item.path))?.state == .received
      }
    }
  }

  /// Cancels a push and ends its unfinished uploads, whose senders then find them gone.
  ///
  /// The push is closed first: nothing new can enter it meanwhile. What a crash leaves behind expires.
  ///
  /// - Throws: `ProblemError`: `not-found`, or `push-closed` when a commit is under way or done.
  package func cancelPush(_ id: PushID) async throws -> PushRecord {
    let push = try await pushes.cancel(id)
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
}
