import Vocabulary

/// Random bytes, fit for ids.
package protocol Entropy: Sendable {
  func bytes(_ count: Int) -> [UInt8]
}

/// The system's secure generator.
package struct SystemEntropy: Entropy {
  package init() {}
  package func bytes(_ count: Int) -> [UInt8] {
    // Eight bytes at a time: each one asked for costs a call of the kernel.
    var generator = SystemRandomNumberGenerator()
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 7)
    while bytes.count < count {
      withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) }
    }
    return Array(bytes.prefix(count))
  }
}

extension Identifier {
  /// A new id from the clock and random bytes.
  package static func make(clock: any WallClock, entropy: any Entropy) -> Identifier {
    Identifier(milliseconds: clock.now().milliseconds, random: entropy.bytes(10))
  }
}
