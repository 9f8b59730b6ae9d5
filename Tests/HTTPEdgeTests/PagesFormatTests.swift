import HTTPEdge
import Testing
import Vocabulary

struct PagesFormatTests {
  @Test(
    "a size has one decimal and a binary unit",

    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1_048_575, "1.0 MiB"),
      (1_503_238_553, "1.4 GiB"), (Int64.max, "8.0 EiB"),
    ] as [(Int64, String)])
  func bytes(count: Int64, text: String) {
    #expect(PageFormat.bytes(count) == text)
  }

  @Test(
    "thousands are separated",

    arguments: [
      (0, "0"), (999, "999"), (1000, "1,000"), (1_503_238_553, "1,503,238,553"), (-12_345, "-12,345"),
      (Int64.min, "-9,223,372,036,854,775,808"),
    ] as [(Int64, String)])
  func number(value: Int64, text: String) {
    #expect(PageFormat.number(value) == text)
  }

  @Test("exact sizes and counts agree in number")
  func plurals() {
    #expect(PageFormat.exactBytes(1) == "1 byte")
    #expect(PageFormat.exactBytes(2048) == "2,048 bytes")
    #expect(PageFormat.plural(1, "file") == "1 file")
    #expect(PageFormat.plural(0, "file") == "0 files")
    #expect(PageFormat.plural(2, "entry", "entries") == "2 entries")
  }

  @Test(
    "a rate is a size per second",
    arguments: [
      (0.0, "0 B/s"), (-1, "0 B/s"), (.nan, "0 B/s"), (.infinity, "0 B/s"), (1_572_864, "1.5 MiB/s"),
    ])
  func rate(rate: Double, text: String) {
    #expect(PageFormat.rate(rate) == text)
  }

  @Test(
    "a hundred percent is only said of what is complete",

    arguments: [
      (0, 100, 0), (1, 1000, 0), (999, 1000, 99), (1000, 1000, 100), (2000, 1000, 100), (0, 0, 100),
      (Int64.max - 1, Int64.max, 99),
    ] as [(Int64, Int64, Int)])
  func percent(part: Int64, whole: Int64, percent: Int) {
    #expect(PageFormat.percent(part, of: whole) == percent)
  }

  @Test(
    "a time is told from now",

    arguments: [
      (0, "just now"), (-9, "just now"), (-59, "59 s ago"), (-60, "1 min ago"), (-3599, "59 min ago"),
      (-7200, "2 h ago"), (-86_400, "1 day ago"), (-172_800, "2 days ago"), (7200, "in 2 h"),
      (-86_400_000, "1,000 days ago"),
    ] as [(Int64, String)])
  func relative(seconds: Int64, text: String) {
    let now = PagesSamples.now
    #expect(PageFormat.relative(now.adding(seconds: seconds), to: now) == text)
  }

  @Test(
    "a duration has its two largest units",

    arguments: [
      (0, "0 s"), (59, "59 s"), (60, "1 min"), (725, "12 min 5 s"), (86_400, "1 day"),
      (273_600, "3 days 4 h"),
      (-5, "0 s"),
    ] as [(Int64, String)])
  func duration(seconds: Int64, text: String) {
    #expect(PageFormat.duration(seconds: seconds) == text)
  }
}
