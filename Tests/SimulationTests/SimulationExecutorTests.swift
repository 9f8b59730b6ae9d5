import Platform
import TestSupport
import Testing

@Suite struct SimulationExecutorTests {
  /// Two tasks and two pieces of work that take turns; the order in which they came.
  private static func order(seed: UInt64) -> [String] {
    let executor = SimulationExecutor(seed: seed)
    let seen = Locked<[String]>([])
    for name in ["a", "b"] {
      executor.spawn {
        for number in 1...5 {
          await executor.perform { seen.withLock { $0.append("\(name)\(number)") } }
          await Task.yield()
        }
      }
    }
    #expect(!executor.run())
    #expect(executor.foreignCount == 0)
    return seen.withLock { $0 }
  }

  @Test("the order is the seed's, and each task's own order is kept", arguments: UInt64(1)...20)
  func repeatable(seed: UInt64) {
    let order = Self.order(seed: seed)
    #expect(order == Self.order(seed: seed))
    for name in ["a", "b"] {
      #expect(order.filter { $0.hasPrefix(name) } == (1...5).map { "\(name)\($0)" })
    }
  }

  @Test("seeds differ in their order")
  func orders() {
    #expect(Set((UInt64(1)...20).map { Self.order(seed: $0) }).count > 10)
  }

  @Test("a lane of one thread keeps the order of arrival and never runs two calls at once")
  func lane() {
    let executor = SimulationExecutor(seed: 1)
    let lane = executor.lane(threads: 1)
    let seen = Locked<[Int]>([])
    let running = Locked(0)
    for number in 0..<50 {
      lane.submit {
        #expect(
          running.withLock {
            $0 += 1
            return $0
          } == 1)
        executor.runOthers()
        running.withLock { $0 -= 1 }
        seen.withLock { $0.append(number) }
      }
    }
    #expect(!executor.run())
    #expect(seen.withLock { $0 } == Array(0..<50))
  }

  @Test("tasks go on while a call of another one is slow")
  func slow() {
    let executor = SimulationExecutor(seed: 3)
    let seen = Locked<[String]>([])
    executor.submit {
      seen.withLock { $0.append("begin") }
      for _ in 0..<20 { executor.runOthers() }
      seen.withLock { $0.append("end") }
    }
    for _ in 0..<5 {
      executor.spawn {
        await Task.yield()
        seen.withLock { $0.append("task") }
      }
    }
    #expect(!executor.run())
    let order = seen.withLock { $0 }
    let inside = order.drop { $0 != "begin" }.prefix { $0 != "end" }
    #expect(order.count == 7 && inside.contains("task"))
  }
}
