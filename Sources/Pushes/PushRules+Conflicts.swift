import Catalog
import Vocabulary

/// Several files for one path of a push. Files count in the order in which they are verified, whoever began first; it is
/// decided in the transaction that verifies, so that no crash falls between.
extension PushRules {
  /// What becomes of a file with a known digest.
  package enum Placement: Sendable, Equatable {
    /// It is the push's file at its path from now on.
    case enters
    /// The same, and the upload that has the path is not verified yet: it goes on, and is decided upon in its turn.
    case overtakes
    /// The same, and the verified file that has the path is left out of the bundle.
    case replaces
    /// The push has this content at this path already: the two are one.
    case duplicates
    /// The file that has the path stays; this one is left out of the bundle.
    case yields
    /// It may not come.
    case refused
  }

  /// Who has the path; its digest is nil while it is not verified.
  package struct Holder: Sendable, Equatable {
    package var digest: Digest?
    package init(digest: Digest?) { self.digest = digest }
  }

  /// The rule; `holder` is nil when nobody else has the path.
  package static func placement(
    of digest: Digest, beside holder: Holder?, _ policy: ConflictPolicy
  ) -> Placement {
    guard let holder else { return .enters }
    if holder.digest == digest { return .duplicates }
    switch (policy, holder.digest) {
    case (.refuse, _): return .refused
    case (.keepFirst, nil), (.latestWins, nil): return .overtakes
    case (.keepFirst, _?): return .yields
    case (.latestWins, _?): return .replaces
    }
  }

  /// A verified upload in its place.
  package struct Placed: Sendable {
    /// As it has to be stored: verified, or cancelled with a reason.
    package var record: UploadRecord
    /// The upload with the same content that stands for this one.
    package var twin: UploadRecord?
    /// What the push's log should tell.
    package var notes: [String] = []

    package init(record: UploadRecord, twin: UploadRecord? = nil) {
      self.record = record
      self.twin = twin
    }
  }

  /// Says what becomes of an upload of a push that is verified now, and makes room for it. The caller then stores
  /// `record` in the same transaction, in which it also saw to it that the path is one the push takes (`admit`).
  /// `isNew`: it has no row yet.
  package static func place(
    _ verified: UploadRecord, isNew: Bool, in transaction: any CatalogTransaction
  ) throws -> Placed {
    var placed = Placed(record: verified)
    guard let id = verified.push, let digest = verified.digest, let push = try transaction.push(id)
    else { return placed }
    // With this policy nobody is admitted beside another at one path in the first place.
    if push.conflictPolicy == .refuse { return placed }
    let found = try transaction.upload(ofPush: id, at: verified.path)
    let holder = found?.id == verified.id ? nil : found
    // Once the push is sealed its bundle is what it is: what comes later stays out under every policy.
    let policy = push.state == .open ? push.conflictPolicy : .keepFirst
    switch placement(of: digest, beside: holder.map { Holder(digest: $0.digest) }, policy) {
    case .refused: throw conflict(verified.path, verified.path.text)
    case .enters: break
    case .overtakes: if let holder { try transaction.setContending(true, holder.id) }
    case .replaces:
      if var holder {
        leaveOut(&holder, for: verified.id, at: verified.updatedAt)
        try transaction.update(holder)
        try recordLeftOut(holder, for: verified.id, in: transaction)
        placed.notes.append(note(holder, for: verified.id, "replaced"))
      }
    case .duplicates:
      placed.twin = holder
      end(&placed.record, reason: "\(duplicateReason)\(holder?.id.text ?? "")", at: verified.updatedAt)
      return placed
    case .yields:
      if let holder {
        leaveOut(&placed.record, for: holder.id, at: verified.updatedAt)
        try recordLeftOut(placed.record, for: holder.id, in: transaction)
        placed.notes.append(note(placed.record, for: holder.id, "left out"))
      }
      return placed
    }
    placed.record.isContending = false
    if !isNew { try transaction.setContending(false, verified.id) }
    return placed
  }

  /// True when an upload that is about to begin has to contend for its path.
  ///
  /// - Throws: `ProblemError` with `path-conflict` when too many do already.
  package static func mustContend(
    at path: BundlePath, of id: PushID, replacing other: UploadID?, in reader: any CatalogReader
  ) throws -> Bool {
    guard let found = try reader.upload(ofPush: id, at: path), found.id != other else { return false }
    let others = try reader.contendingUploads(ofPush: id, at: path, limit: maximumContending)
    guard others.count < maximumContending else { throw conflict(path, path.text) }
    return true
  }

  /// True for an upload that was verified and then left out of its push, or was the same as another.
  package static func isSuperseded(_ record: UploadRecord) -> Bool {
    guard record.state == .cancelled, let reason = record.reason else { return false }
    return reason.hasPrefix(supersededReason) || reason.hasPrefix(duplicateReason)
  }

  /// Unfinished uploads that may wait for one path.
  private static let maximumContending = 64
  private static let supersededReason = "superseded by upload "
  private static let duplicateReason = "same content as upload "

  private static func leaveOut(_ record: inout UploadRecord, for other: UploadID, at now: Timestamp) {
    end(&record, reason: supersededReason + other.text, at: now)
  }

  private static func end(_ record: inout UploadRecord, reason: String, at now: Timestamp) {
    record.state = .cancelled
    record.reason = reason
    record.updatedAt = now
  }

  private static func recordLeftOut(
    _ record: UploadRecord, for other: UploadID, in transaction: any CatalogTransaction
  ) throws {
    guard let push = record.push, let digest = record.digest else { return }
    try transaction.insert(
      SupersededFile(
        path: record.path, digest: digest, size: record.length ?? 0, upload: record.id, by: other,
        at: record.updatedAt), of: push)
    try transaction.record(
      NewEvent(
        at: record.updatedAt, kind: .uploadSuperseded, subject: record.id.text,
        details: ["path": record.path.text, "by": other.text, "digest": digest.hex]))
  }

  private static func note(_ record: UploadRecord, for other: UploadID, _ what: String) -> String {
    "\(what) \(quoted(record.path.text)) of upload \(record.id) (sha256 \(record.digest?.hex ?? "")) for upload \(other)"
  }
}
