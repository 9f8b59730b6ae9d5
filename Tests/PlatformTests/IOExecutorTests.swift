import Dispatch
import Platform
import Testing

@Suite struct IOExecutorTests {
  private struct Load {
    var now = 0
    var most = 0
    var done = 0
  }

  @Test(
    "no more calls run at once than there are threads, and every call runs once", arguments: [1, 2, 3, 8])
  func limit(threads: Int) async {
    let executor = ThreadedExecutor(name: "test", threads: threads)
    let load = Locked(Load())
    let sum = await withTaskGroup(of: Int.self) { group in
      for number in 0..<3000 {
        group.addTask {
          await executor.perform {
            load.withLock {
              $0.now += 1
              $0.most = max($0.most, $0.now)
            }
            var work = SHA256Stream()
            work.update([UInt8](repeating: 0, count: 500))
            load.withLock {
              $0.now -= 1
              $0.done += 1
            }
            return number
          }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(sum == 3000 * 2999 / 2)
    let end = load.withLock { $0 }
    #expect(end.done == 3000)
    #expect(end.now == 0)
    #expect((1...threads).contains(end.most))
  }

  @Test("calls up to the limit run beside one another")
  func together() async {
    let executor = ThreadedExecutor(name: "test", threads: 2)
    let (left, right) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    async let first = executor.perform {
      left.signal()
      return right.wait(timeout: .now() + 300) == .success
    }
    async let second = executor.perform {
      right.signal()
      return left.wait(timeout: .now() + 300) == .success
    }
    let met = await [first, second]
    #expect(met == [true, true])
  }

  @Test("what a call throws reaches its caller, and the thread goes on")
  func errors() async throws {
    struct Failure: Error, Equatable { let number: Int }
    let executor = ThreadedExecutor(name: "test", threads: 1)
    for number in 0..<20 {
      await #expect(throws: Failure(number: number)) {
        try await executor.run { throw Failure(number: number) }
      }
      #expect(try await executor.run { number } == number)
    }
  }
}
