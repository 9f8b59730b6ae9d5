import Vocabulary

/// What a request with an `Idempotency-Key` came to, so that the same request sent again comes to the same.
package struct IdempotentRequest: Sendable, Equatable {
  package var key: String
  /// Tells this request from another one with the same key.
  package var fingerprint: Digest
  /// The id of the upload or push it made.
  package var subject: String
  package var createdAt: Timestamp

  package init(key: String, fingerprint: Digest, subject: String, createdAt: Timestamp) {
    self.key = key
    self.fingerprint = fingerprint
    self.subject = subject
    self.createdAt = createdAt
  }
}
