import Platform
import Vocabulary

/// A generator (SplitMix64) whose whole state is its seed: a failure is repeated by its seed.
package struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  package mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  package mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  package mutating func element<Choices: Collection>(of choices: Choices) -> Choices.Element {
    guard let choice = choices.randomElement(using: &self) else {
      preconditionFailure("nothing to choose from")
    }
    return choice
  }
}

/// Random bytes that are the same in every run.
package final class SeededEntropy: Entropy {
  private let random: Locked<SeededRandom>

  package init(seed: UInt64) { random = Locked(SeededRandom(seed: seed)) }
  package func bytes(_ count: Int) -> [UInt8] { random.withLock { $0.bytes(count) } }
}
