import Platform
import Vocabulary

/// Challenges for clients that say they have a file: nothing is kept of them, as each proves itself.
///
/// A challenge is bound to its push and to this process, and lasts a while. It is not bound to a list of files: what is
/// proven of a file depends on the challenge and the file's digest, whatever else was asked.
package struct PossessionChallenges: Sendable {
  package static let lifetimeSeconds: Int64 = 600
  private static let randomBytes = 16
  private let key: [UInt8]
  private let clock: any WallClock
  private let entropy: any Entropy

  package init(clock: any WallClock, entropy: any Entropy) {
    self.clock = clock
    self.entropy = entropy
    key = entropy.bytes(32)
  }

  /// A new challenge, 112 hexadecimal digits, and when it ends.
  package func issue(for push: PushID) -> (text: String, expiresAt: Timestamp) {
    let expiresAt = clock.now().adding(seconds: Self.lifetimeSeconds)
    let head = Self.bytes(of: expiresAt) + entropy.bytes(Self.randomBytes)
    return (Hexadecimal.encode(head + code(head, push)), expiresAt)
  }

  /// - Throws: `ProblemError` with `challenge-expired` when it is not one of this process for this push, or too old.
  package func check(_ text: String, for push: PushID) throws(ProblemError) {
    let headBytes = 8 + Self.randomBytes
    if let bytes = Hexadecimal.decode(text), bytes.count == headBytes + 32,
      // The proof is over the text: one challenge has one spelling.
      Hexadecimal.encode(bytes) == text,
      PossessionProof.isEqual(Array(bytes[headBytes...]), code(Array(bytes[..<headBytes]), push)),
      Int64(bitPattern: bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        > clock.now().milliseconds
    {
      return
    }
    throw ProblemError(
      .challengeExpired, detail: "the challenge is not, or no longer, one for push \(push); look up again")
  }

  private func code(_ head: [UInt8], _ push: PushID) -> [UInt8] {
    MessageCode.code(head + Array(push.text.utf8), key: key)
  }

  private static func bytes(of time: Timestamp) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: time.milliseconds >> (56 - 8 * Int64($0))) }
  }
}
