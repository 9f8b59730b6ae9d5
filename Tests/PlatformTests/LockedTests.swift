import Dispatch
import Platform
import Testing

@Suite struct LockedTests {
  @Test("no change is lost under contention")
  func contention() {
    let counter = Locked([0, 0])
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<10_000 {
        counter.withLock { value in
          value[0] += 1
          value[1] -= 1
        }
      }
    }
    #expect(counter.withLock { $0 } == [80_000, -80_000])
  }

  @Test("a body that throws lets go of the lock and keeps what it changed")
  func throwing() {
    struct Failure: Error {}
    let value = Locked(1)
    #expect(throws: Failure.self) {
      try value.withLock { value in
        value = 2
        throw Failure()
      }
    }
    #expect(value.withLock { $0 } == 2)
  }

  @Test("the value goes with its lock")
  func release() {
    final class Token: Sendable {}
    weak var seen: Token?
    do {
      let token = Token()
      seen = token
      let value = Locked(token)
      value.withLock { _ in }
    }
    #expect(seen == nil)
  }
}
