import Catalog
import Vocabulary

/// How asking for a push to be sealed went.
package enum SealAttempt: Sendable {
  case sealed(PushRecord)
  /// It was already; nothing changed.
  case sealedBefore(PushRecord)
  /// Not yet: all that is missing is the hash of bytes that are there. With the refusal if nobody waits for that.
  case verifying(ProblemError)

  package var wasSealed: Bool {
    if case .sealedBefore = self { true } else { false }
  }
  package var isVerifying: Bool {
    if case .verifying = self { true } else { false }
  }

  /// - Throws: `ProblemError` with `push-incomplete`.
  package func get() throws -> PushRecord {
    switch self {
    case .sealed(let push), .sealedBefore(let push): return push
    case .verifying(let problem): throw problem
    }
  }
}
