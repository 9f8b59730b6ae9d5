import Client
import Foundation
import Testing

@Suite struct ProgressTextTests {
  @Test("byte counts have one decimal and the unit in which they are small")
  func bytes() {
    #expect([0, 1, 1023].map(ProgressText.bytes) == ["0 B", "1 B", "1023 B"])
    #expect(ProgressText.bytes(1024) == "1.0 KiB")
    #expect(ProgressText.bytes(1536) == "1.5 KiB")
    #expect(ProgressText.bytes((1 << 20) - 1) == "1.0 MiB")
    #expect(ProgressText.bytes(5 << 40) == "5.0 TiB")
    #expect(ProgressText.bytes(.max) == "8388608.0 TiB")
  }

  @Test("durations are rounded up and have the parts they need")
  func durations() {
    #expect(
      [0, 6.2, 59.5, 725, 10_809].map(ProgressText.duration) == ["0:00", "0:07", "1:00", "12:05", "3:00:09"])
    #expect(ProgressText.duration(2 * 86_400 + 3 * 3600) == "2d 03h")
    #expect(ProgressText.duration(.infinity) == "--:--")
  }

  @Test("a steady speed is shown as it is, and the time left follows from it")
  func steady() {
    var meter = RateMeter()
    for second in 0...10 { meter.sample(bytes: Int64(second) * 100, at: Double(second)) }
    #expect(abs((meter.bytesPerSecond ?? 0) - 100) < 1e-9)
    #expect(abs((meter.secondsLeft(for: 500) ?? 0) - 5) < 1e-9)
  }

  @Test("one slow second does not take the speed to zero, a long stop does, and going back is no speed")
  func uneven() {
    var meter = RateMeter()
    meter.sample(bytes: 0, at: 0)
    meter.sample(bytes: 1000, at: 1)
    meter.sample(bytes: 1000, at: 2)
    #expect((meter.bytesPerSecond ?? 0) > 500)
    meter.sample(bytes: 0, at: 3)
    #expect((meter.bytesPerSecond ?? -1) >= 0)
    for second in 4...200 { meter.sample(bytes: 0, at: Double(second)) }
    #expect(meter.secondsLeft(for: 1) == nil)
  }

  @Test("there is no speed before two samples, and none without time between them")
  func fresh() {
    var meter = RateMeter()
    #expect(meter.bytesPerSecond == nil)
    meter.sample(bytes: 1, at: 1)
    meter.sample(bytes: 2, at: 1)
    #expect(meter.bytesPerSecond == nil)
  }

  private var half: TransferProgress {
    var progress = TransferProgress()
    progress.filesTotal = 4
    progress.filesDone = 1
    progress.bytesTotal = 2000
    progress.bytesAcked = 600
    progress.bytesInFlight = 400
    return progress
  }

  @Test("a bar fits its terminal, whatever its width", arguments: [0, 1, 10, 40, 60, 80, 200])
  func width(columns: Int) {
    var meter = RateMeter()
    meter.sample(bytes: 0, at: 0)
    meter.sample(bytes: 1000, at: 1)
    #expect(ProgressText.bar(half, meter, columns: columns).count <= max(0, columns - 1))
  }

  @Test("a bar shows acknowledged and sent bytes together")
  func bar() {
    var meter = RateMeter()
    let bar = String(repeating: "#", count: 20) + String(repeating: "-", count: 20)
    #expect(ProgressText.bar(half, meter, columns: 80) == "[\(bar)] 50%  1/4 files, 1000 B of 2.0 KiB")
    meter.sample(bytes: 0, at: 0)
    meter.sample(bytes: 100, at: 1)
    #expect(ProgressText.plain(half, meter) == "1/4 files, 1000 B of 2.0 KiB, 100 B/s, 0:10 left")
  }

  @Test("a push of nothing but empty files is complete")
  func empty() {
    #expect(ProgressText.bar(TransferProgress(), RateMeter(), columns: 80).contains("100%"))
  }

  @Test("columns are aligned, no line ends in spaces, and control characters do no harm")
  func table() {
    let lines = TextTable.lines(
      [("N", .right), ("NAME", .left), ("X", .left)], [["1", "a", ""], ["100", "b\u{1b}[2J", "y"]])
    #expect(lines == ["  N  NAME   X", "  1  a", "100  b\u{fffd}[2J  y"])
  }

  @Test("unknown JSON is shown line by line without its links")
  func outline() throws {
    let text = #"{"b":{"bytes":2048,"ok":true},"a":[],"_links":{"x":1},"c":[{"d":null}]}"#
    let node = try JSONDecoder().decode(JSONNode.self, from: Data(text.utf8))
    #expect(node.outline == ["a        none", "b.bytes  2048 (2.0 KiB)", "b.ok     yes", "c[1].d   -"])
  }
}
