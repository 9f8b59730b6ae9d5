import Catalog
import Platform
import Pushes
import Vocabulary

/// Uploads that several clients bring for one path of a push.
extension UploadEngine {
  /// Stores the row of an upload that is verified, with its place in its push; true when its push is queued now. Of
  /// one of many files the caller looks after the push itself.
  func storeVerified(
    _ verified: UploadRecord, isSingle: Bool, isNew: Bool, isOneOfMany: Bool = false,
    in transaction: any CatalogTransaction
  ) throws -> (placed: PushRules.Placed, isQueued: Bool) {
    if isSingle { try Self.makePush(for: verified, in: transaction) }
    let placed =
      isSingle
      ? PushRules.Placed(record: verified)
      : try PushRules.place(verified, isNew: isNew, in: transaction)
    if isNew {
      // One that is the same as another leaves no trace but the other.
      if placed.twin != nil { return (placed, false) }
      try transaction.insert(placed.record)
      try Self.recordCreated(placed.record, in: transaction)
    } else {
      try transaction.update(placed.record)
      if placed.twin != nil {
        try transaction.record(
          NewEvent(
            at: verified.updatedAt, kind: .uploadCancelled, subject: verified.id.text,
            details: ["path": verified.path.text, "reason": placed.record.reason ?? ""]))
      }
    }
    guard placed.record.state == .verified else { return (placed, false) }
    try Self.recordVerified(placed.record, in: transaction)
    if isSingle { return (placed, true) }
    guard !isOneOfMany, let push = placed.record.push else { return (placed, false) }
    let now = placed.record.updatedAt
    if let ended = try transaction.push(push)?.state, ended == .cancelled || ended == .expired {
      // What the push had was let go already; this goes the same way.
      try transaction.plan(.releaseUploads, push.text)
      return (placed, false)
    }
    try Self.touch(push, at: now, seconds: limits.pushExpirySeconds, in: transaction)
    return (placed, try PushRules.sealIfComplete(push, at: now, in: transaction))
  }

  /// The metadata of an upload that came without any but who sent it.
  static func metadata(author: String?) -> UploadMetadata {
    guard let author else { return .none }
    return UploadMetadata(raw: nil, pairs: [.init(key: "author", value: Array(author.utf8))])
  }

  /// Tells the push's log of files that were left out.
  func tell(_ placed: PushRules.Placed) async {
    guard let push = placed.record.push else { return }
    for note in placed.notes { await logPush(push, note) }
  }

  private static func recordVerified(
    _ upload: UploadRecord, in transaction: any CatalogTransaction
  ) throws {
    try transaction.record(
      NewEvent(
        at: upload.updatedAt, kind: .uploadVerified, subject: upload.id.text,
        details: ["digest": upload.digest?.hex ?? ""]))
  }

  static func recordCreated(_ upload: UploadRecord, in transaction: any CatalogTransaction) throws {
    try transaction.record(
      NewEvent(
        at: upload.createdAt, kind: .uploadCreated, subject: upload.id.text,
        details: ["path": upload.path.text]))
  }

  /// What became of a whole file that had no row before.
  func outcome(of placed: PushRules.Placed) -> WholeFileOutcome {
    if let twin = placed.twin { return .exists(view(twin, offset: twin.length ?? 0)) }
    let view = view(placed.record, offset: placed.record.length ?? 0)
    return placed.record.state == .verified ? .stored(view) : .superseded(view)
  }
}
