import GRDB
import Platform

/// One caller's change: how to make it, and how to tell the caller.
struct GroupedChange: Sendable {
  /// Tells the caller: nil when the batch is on stable storage, or why it is not.
  typealias Answer = @Sendable ((any Error)?) -> Void
  /// Makes the change. An error is its body's: then everything it did must be taken back, and `answer` tells it.
  let run: @Sendable (Database) -> (error: (any Error)?, answer: Answer)
  /// Tells the caller that the change was not tried.
  let fail: @Sendable (any Error) -> Void
}

/// Changes that wait for the writer: those that wait at the same time become one transaction, and one sync.
final class ChangeGroup: Sendable {
  private struct State {
    var waiting: [GroupedChange] = []
    var isRunning = false
  }
  private static let batchCount = 512
  private let state = Locked(State())

  /// True when the caller must see to it that the changes are carried out.
  func add(_ change: GroupedChange) -> Bool {
    state.withLock { state in
      state.waiting.append(change)
      defer { state.isRunning = true }
      return !state.isRunning
    }
  }

  /// The next batch; nil when nothing waits, and then the next `add` starts anew.
  func next() -> ChangeBatch? {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.isRunning = false
        return nil
      }
      let batch = ChangeBatch(changes: Array(state.waiting.prefix(Self.batchCount)))
      state.waiting.removeFirst(batch.changes.count)
      return batch
    }
  }
}

/// Changes that become durable together.
struct ChangeBatch {
  let changes: [GroupedChange]

  /// Makes all changes in one transaction and tells their callers once it is committed.
  func carryOut(on db: Database, inDomainTerms: (any Error) -> any Error) {
    var answers: [GroupedChange.Answer] = []
    var ended: (any Error)?
    do {
      try db.inTransaction(.immediate) {
        for change in changes {
          try db.inSavepoint {
            let (error, answer) = change.run(db)
            answers.append(answer)
            guard let error else { return .commit }
            // SQLite ends the whole transaction by itself when its disk is full or fails.
            if !db.isInsideTransaction {
              ended = error
              throw error
            }
            return .rollback
          }
        }
        return .commit
      }
      for answer in answers { answer(nil) }
    } catch {
      let failure = inDomainTerms(ended ?? error)
      for answer in answers { answer(failure) }
      for change in changes.dropFirst(answers.count) { change.fail(failure) }
    }
  }
}
