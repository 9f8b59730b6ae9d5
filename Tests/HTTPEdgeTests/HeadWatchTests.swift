import HTTPEdge
import Testing

struct HeadWatchTests {
  private func opened() -> HeadWatch { HeadWatch(timeout: .seconds(30), openedAt: .seconds(100)) }

  @Test("a connection that sends nothing is closed without an answer when the time is over")
  func silent() {
    let watch = opened()
    #expect(watch.verdict(at: .seconds(129)) == .patient)
    #expect(watch.verdict(at: .seconds(130)) == .close)
  }

  @Test("a first head counts from the opening of the connection, however often bytes of it arrive")
  func trickling() {
    var watch = opened()
    for second in 101..<130 { watch.bytesArrived(at: .seconds(second)) }
    #expect(watch.verdict(at: .seconds(129)) == .patient)
    #expect(watch.verdict(at: .seconds(130)) == .refuse)
  }

  @Test("a request under way may take any time")
  func busy() {
    var watch = opened()
    watch.bytesArrived(at: .seconds(101))
    watch.requestBegan()
    #expect(watch.verdict(at: .seconds(9999)) == .patient)
  }

  @Test("a kept connection may be silent; the next head counts from its first byte")
  func keptAlive() {
    var watch = opened()
    watch.requestBegan()
    watch.answered()
    #expect(watch.isWaiting)
    #expect(watch.verdict(at: .seconds(1000)) == .patient)
    watch.bytesArrived(at: .seconds(1000))
    #expect(!watch.isWaiting)
    watch.bytesArrived(at: .seconds(1020))
    #expect(watch.verdict(at: .seconds(1029)) == .patient)
    #expect(watch.verdict(at: .seconds(1030)) == .refuse)
    watch.requestBegan()
    #expect(watch.verdict(at: .seconds(1030)) == .patient)
  }
}
