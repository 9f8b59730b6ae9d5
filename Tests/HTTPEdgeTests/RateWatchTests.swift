import HTTPEdge
import Testing

struct RateWatchTests {
  /// Asks every five seconds while `bytes` arrive in each of them; the second at which it was too slow.
  private func firstSlow(_ watch: RateWatch, bytesPerFiveSeconds bytes: Int, until end: Int) -> Int? {
    var watch = watch
    watch.begin(at: .zero)
    for second in stride(from: 5, through: end, by: 5) {
      watch.received(bytes)
      if watch.isTooSlow(at: .seconds(second)) { return second }
    }
    return nil
  }

  @Test("a byte a minute ends after one window, exactly the minimum goes on for ever")
  func minimum() {
    let watch = RateWatch(bytesPerSecond: 64, window: .seconds(60))
    #expect(firstSlow(watch, bytesPerFiveSeconds: 0, until: 1000) == 60)
    #expect(firstSlow(watch, bytesPerFiveSeconds: 319, until: 1000) == 60)
    #expect(firstSlow(watch, bytesPerFiveSeconds: 320, until: 1000) == nil)
  }

  @Test("what a fast beginning brought does not count for later windows")
  func laterWindow() {
    var watch = RateWatch(bytesPerSecond: 64, window: .seconds(60))
    watch.begin(at: .zero)
    watch.received(1 << 30)
    var slow: [Int] = []
    for second in stride(from: 5, through: 200, by: 5) where watch.isTooSlow(at: .seconds(second)) {
      slow.append(second)
    }
    #expect(slow == [120, 180])
  }

  @Test("before the body is wanted, and without a minimum, nothing is too slow")
  func off() {
    var unasked = RateWatch(bytesPerSecond: 64, window: .seconds(60))
    let verdicts = (0..<100).map { unasked.isTooSlow(at: .seconds(10 * $0)) }
    #expect(!verdicts.contains(true))
    #expect(
      firstSlow(RateWatch(bytesPerSecond: 0, window: .seconds(60)), bytesPerFiveSeconds: 0, until: 500) == nil
    )
  }

  @Test("the time in which the server itself was held up is not the client's")
  func heldUp() {
    var watch = RateWatch(bytesPerSecond: 64, window: .seconds(60))
    watch.begin(at: .zero)
    let afterPause = watch.isTooSlow(at: .seconds(3600))
    watch.received(64 * 60)
    let afterReading = watch.isTooSlow(at: .seconds(3630))
    #expect(!afterPause && !afterReading)
  }
}
