import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct EntropyTests {
  @Test("as many random bytes come as are asked for, others each time")
  func bytes() {
    let entropy = SystemEntropy()
    for count in [0, 1, 10, 100] { #expect(entropy.bytes(count).count == count) }
    #expect(Set((0..<1000).map { _ in entropy.bytes(10) }).count == 1000)
  }

  @Test("ids made at one moment differ, and ids made later sort later")
  func ids() {
    let clock = ManualClock()
    let entropy = SeededEntropy(seed: 1)
    let first = (0..<1000).map { _ in UploadID.make(clock: clock, entropy: entropy) }
    #expect(Set(first).count == 1000)
    clock.advance(milliseconds: 1)
    let second = (0..<100).map { _ in UploadID.make(clock: clock, entropy: entropy) }
    #expect(second.allSatisfy { later in first.allSatisfy { $0 < later } })
  }
}
