import Catalog
import Vocabulary

extension PushRules {
  /// Opens a failed push again whose files were not all taken in from its source: its folder is then scanned anew.
  ///
  /// - Returns: false for any other push, which is left as it is.
  package static func reopenSource(
    _ push: PushRecord, by actor: String? = nil, at now: Timestamp, in transaction: any CatalogTransaction
  ) throws -> Bool {
    // What was sealed once has all of its files.
    guard push.origin == .source, push.state == .failed, push.sealedAt == nil else { return false }
    var push = push
    push.state = .open
    push.finishedAt = nil
    push.errorCode = nil
    push.errorMessage = nil
    push.expectedCount = nil
    push.expectedBytes = nil
    push.sealWhenComplete = false
    try transaction.update(push)
    try transaction.record(event(.pushOpened, push, at: now, by: actor))
    return true
  }
}
