import Vocabulary

/// Random bytes, fit for ids.
package protocol Entropy: Sendable {
  func bytes(_ count: Int) -> [UInt8]
}

/// The system's secure generator.
package struct SystemEntropy: Entropy {
  package init() {}
  package func bytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }
}

extension Identifier {
  /// A new id from the clock and random bytes.
  package static func make(clock: any WallClock, entropy: any Entropy) -> Identifier {
    Identifier(milliseconds: clock.now().milliseconds, random: entropy.bytes(10))
  }
}
