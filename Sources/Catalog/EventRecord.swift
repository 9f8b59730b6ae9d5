import Vocabulary

/// What can happen; raw values are stored and served.
package enum EventKind: String, Sendable, CaseIterable {
  case uploadCreated = "upload.created"
  case uploadReceiving = "upload.receiving"
  case uploadReceived = "upload.received"
  case uploadVerified = "upload.verified"
  case uploadRejected = "upload.rejected"
  case uploadCancelled = "upload.cancelled"
  case uploadExpired = "upload.expired"
  case uploadSuperseded = "upload.superseded"
  case pushOpened = "push.opened"
  case pushQueued = "push.queued"
  case pushAdmitted = "push.admitted"
  case pushCommitting = "push.committing"
  case pushCommitted = "push.committed"
  case pushFailed = "push.failed"
  case pushCancelled = "push.cancelled"
  case pushExpired = "push.expired"
  case repoCreated = "repo.created"
  case repoChanged = "repo.changed"
  case repoRenamed = "repo.renamed"
  case repoDeleted = "repo.deleted"
  case bundleDeleted = "bundle.deleted"
  case labelMoved = "label.moved"
  case labelRemoved = "label.removed"
  case collectionRun = "collection.run"
  case storageFault = "storage.fault"
}

/// An event about to be recorded.
package struct NewEvent: Sendable, Equatable {
  package var at: Timestamp
  package var kind: EventKind
  /// Id or name of what it happened to.
  package var subject: String
  package var repo: RepoName?
  package var details: [String: String]
  /// Who asked for it, as they call themselves or their address; nil for what the server did by itself.
  package var actor: String?
  package init(
    at: Timestamp, kind: EventKind, subject: String, repo: RepoName? = nil, details: [String: String] = [:],
    actor: String? = nil
  ) {
    self.at = at
    self.kind = kind
    self.subject = subject
    self.repo = repo
    self.details = details
    self.actor = actor
  }
}

/// A recorded event; sequence numbers are dense from 1 on.
package struct EventRecord: Sendable, Equatable {
  package var sequence: Int64
  package var event: NewEvent
  package init(sequence: Int64, event: NewEvent) {
    self.sequence = sequence
    self.event = event
  }
}
