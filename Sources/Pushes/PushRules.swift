import Catalog
import Platform
import Vocabulary

/// What must hold between a push and its uploads; every function runs inside the caller's transaction.
package enum PushRules {
  /// The expectation a new upload must meet to enter the push, in the place of `other` if that is given. Whether a file
  /// that has the very path is in its way is a matter of the push's policy.
  ///
  /// - Throws: `ProblemError`: `not-found`, `push-closed`, `bad-path`, `inconsistent-length` or `path-conflict`.
  package static func admit(
    path: BundlePath, length: Int64?, into id: PushID, replacing other: UploadID? = nil,
    in transaction: any CatalogReader
  ) throws -> ExpectedFile? {
    let push = try requirePush(id, in: transaction)
    guard push.state == .open else { throw closed(push) }
    guard push.origin != .source else {
      throw ProblemError(
        .pushClosed, detail: "push \(id) takes its files from a source, and no uploads")
    }
    let expected = try transaction.expectedFile(ofPush: id, at: path)
    if push.expectedCount != nil, expected == nil {
      throw ProblemError(
        .badPath, detail: "path \(quoted(path.text)) is not among the files push \(id) was opened with",
        members: ["path": .text(path.text)])
    }
    if let expected, let length, expected.size != length {
      throw ProblemError(
        .inconsistentLength,
        detail:
          "path \(quoted(path.text)) was announced with \(expected.size) bytes, the upload says \(length)",
        members: ["path": .text(path.text)])
    }
    if let other = try transaction.pathConflict(ofPush: id, with: path) { throw conflict(path, other) }
    if push.conflictPolicy == .refuse, let found = try transaction.upload(ofPush: id, at: path),
      found.id != other
    {
      throw conflict(path, path.text)
    }
    return expected
  }

  /// Seals a complete push that wants to be sealed by itself, after one of its uploads was verified; true when it did.
  @discardableResult
  package static func sealIfComplete(
    _ id: PushID, at now: Timestamp, in transaction: any CatalogTransaction
  ) throws -> Bool {
    guard let push = try transaction.push(id), push.state == .open, push.sealWhenComplete,
      let expected = push.expectedCount, try transaction.pushProgress(id).verified >= expected
    else { return false }
    try queue(push, at: now, in: transaction)
    return true
  }

  /// open or failed → queued.
  package static func queue(
    _ push: PushRecord, by actor: String? = nil, at now: Timestamp, in transaction: any CatalogTransaction
  ) throws {
    var push = push
    push.state = .queued
    push.sealedAt = push.sealedAt ?? now
    push.expiresAt = nil
    push.finishedAt = nil
    push.errorCode = nil
    push.errorMessage = nil
    try transaction.update(push)
    try transaction.record(event(.pushQueued, push, at: now, by: actor))
  }

  /// Gives a verified upload that came without a push one of its own in `inbox`, sealed already.
  package static func makeInboxPush(
    for upload: UploadRecord, id: PushID, at now: Timestamp, in transaction: any CatalogTransaction
  ) throws {
    try transaction.ensureRepo(.inbox, description: "Single uploads without a push", at: now)
    let push = PushRecord(
      id: id, state: .queued, origin: .upload, repo: .inbox, message: upload.filename ?? upload.path.text,
      label: nil,
      author: nil, sealWhenComplete: true, createdAt: upload.createdAt, sealedAt: now, expiresAt: nil)
    try transaction.insert(push, expecting: [])
    try transaction.record(event(.pushOpened, push, at: now))
    try transaction.record(event(.pushQueued, push, at: now))
  }

  package static func event(
    _ kind: EventKind, _ push: PushRecord, at now: Timestamp, _ details: [String: String] = [:],
    by actor: String? = nil
  ) -> NewEvent {
    NewEvent(at: now, kind: kind, subject: push.id.text, repo: push.repo, details: details, actor: actor)
  }

  package static func requirePush(_ id: PushID, in reader: any CatalogReader) throws -> PushRecord {
    guard let push = try reader.push(id) else {
      throw ProblemError(.notFound, detail: "there is no push \(id)")
    }
    return push
  }

  package static func closed(_ push: PushRecord) -> ProblemError {
    ProblemError(.pushClosed, detail: "push \(push.id) is \(push.state.rawValue) and takes no more changes")
  }

  /// Two paths that one bundle cannot hold.
  package static func conflict(_ path: BundlePath, _ other: String) -> ProblemError {
    ProblemError(
      .pathConflict, detail: "path \(quoted(path.text)) collides with \(quoted(other)) in the same push",
      members: ["path": .text(path.text), "conflictsWith": .text(other)])
  }
}
