import Catalog
import Vocabulary

/// How asking for a push to be sealed went.
package enum SealAttempt: Sendable {
  case sealed(PushRecord)
  /// Not yet: all that is missing is the hash of bytes that are there. With the refusal if nobody waits for that.
  case verifying(ProblemError)

  package var isVerifying: Bool {
    if case .verifying = self { true } else { false }
  }

  /// - Throws: `ProblemError` with `push-incomplete`.
  package func get() throws -> PushRecord {
    switch self {
    case .sealed(let push): return push
    case .verifying(let problem): throw problem
    }
  }
}
