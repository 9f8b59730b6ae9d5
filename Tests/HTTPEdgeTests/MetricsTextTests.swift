import Blobs
import Catalog
import Foundation
import HTTPEdge
import Scheduling
import TestSupport
import Testing
import Vocabulary

@Suite struct MetricsTextTests {
  private static func metrics() -> GatewayMetrics {
    var scheduler = SchedulerCounters()
    scheduler.ticks = 7
    scheduler.lastTickAt = Timestamp(milliseconds: 1_700_000_000_050)
    return GatewayMetrics(
      version: "1.2.3", startedAt: Timestamp(milliseconds: 1_700_000_000_007), isDraining: false,
      contents: [.received: ContentTally(count: 2, bytes: .max)], runningUploads: 3,
      uploads: [.verified: 5], pushes: [.queued: 4], scheduler: scheduler, delayedPushes: 1,
      space: (free: 10, total: 20))
  }

  @Test(
    "D47 a label's backslashes, quotes and line feeds come back as they were",
    arguments: [
      "plain", #"C:\new"#, "two\nlines", #"a "quoted" word"#, #"\"#, "\\\n\"", "é, ü = {}", "",
    ])
  func escapes(value: String) throws {
    let family = MetricsText.Family(
      "sheaf_thing", .gauge, "Help with a \\ and\nanother line, \"quoted\".",
      [
        .init(.integer(-5), labels: [("first", value), ("second", "x")]),
        .init(.integer(6), labels: [("first", value + "!"), ("second", "x")]),
      ])
    let text = try ExpositionText(MetricsText.text([family]))
    #expect(text.families["sheaf_thing"]?.help == family.help)
    #expect(text.value("sheaf_thing", "first=\(value)", "second=x") == -5)
    #expect(text.value("sheaf_thing", "first=\(value)!", "second=x") == 6)
  }

  @Test("D47 the text is to the letter what the format asks for")
  func letters() {
    let text = MetricsText.text([
      .init("sheaf_a_total", .counter, "As.", [.init(.integer(9_007_199_254_740_993))]),
      .init("sheaf_none", .gauge, "Nothing to tell.", []),
      .init("sheaf_b_seconds", .gauge, "Bs.", [.init(.time(Timestamp(milliseconds: -1_007)))]),
      .init("sheaf_c", .gauge, "Cs.", [.init(.integer(0), labels: [("state", "open"), ("x", "\"")])]),
    ])
    #expect(
      text == #"""
        # HELP sheaf_a_total As.
        # TYPE sheaf_a_total counter
        sheaf_a_total 9007199254740993
        # HELP sheaf_b_seconds Bs.
        # TYPE sheaf_b_seconds gauge
        sheaf_b_seconds -1.007
        # HELP sheaf_c Cs.
        # TYPE sheaf_c gauge
        sheaf_c{state="open",x="\""} 0

        """#)
  }

  @Test("D47 every family has HELP and TYPE once, a name of its kind, and the numbers it was given")
  func families() throws {
    let text = try ExpositionText(Self.metrics().text)
    for (name, family) in text.families {
      #expect(name.hasPrefix("sheaf_"))
      #expect(name.hasSuffix("_total") == (family.kind == "counter"), "\(name)")
      #expect(family.help.hasSuffix("."), "\(name)")
    }
    #expect(text.value("sheaf_build_info", "version=1.2.3") == 1)
    #expect(text.value("sheaf_start_time_seconds") == 1_700_000_000.007)
    #expect(text.value("sheaf_scheduler_last_tick_timestamp_seconds") == 1_700_000_000.05)
    #expect(text.value("sheaf_received_bytes_total") == Double(Int64.max))
    #expect(text.value("sheaf_written_bytes_total") == 0)
    #expect(text.families["sheaf_uploads"]?.samples.count == UploadState.allCases.count)
    #expect(text.value("sheaf_uploads", "state=verified") == 5)
    #expect(text.families["sheaf_pushes"]?.samples.count == PushState.allCases.count)
    #expect(text.value("sheaf_scheduler_queued") == 4)
    #expect(text.value("sheaf_disk_size_bytes") == 20)
  }

  @Test("D47 what is not known is left out, and nothing else")
  func unknown() throws {
    var metrics = Self.metrics()
    let all = try ExpositionText(metrics.text).families
    metrics.space = nil
    metrics.scheduler.lastTickAt = nil
    let fewer = try ExpositionText(metrics.text).families
    #expect(
      Set(all.keys).subtracting(fewer.keys) == [
        "sheaf_disk_free_bytes", "sheaf_disk_size_bytes", "sheaf_scheduler_last_tick_timestamp_seconds",
      ])
  }

  @Test("D47 docs/metrics.md names every family with its type and labels, and no other")
  func documented() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "docs/metrics.md"), encoding: .utf8)
    var documented: Set<String> = []
    for row in text.matches(of: /(?m)^\| (`[^|]+) \| (counter|gauge) \|/) {
      for name in row.1.matches(of: /`([^`]+)`/) { documented.insert("\(name.1) \(row.2)") }
    }
    let told = try ExpositionText(Self.metrics().text).families.map { name, family in
      let labels = family.samples.keys.first?.map { $0.prefix { $0 != "=" } } ?? []
      return "\(name)\(labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}") \(family.kind)"
    }
    #expect(Set(told).subtracting(documented).sorted() == [])
    #expect(documented.subtracting(told).sorted() == [])
  }

  @Test(
    "D47 the reader of these tests refuses what the format forbids",
    arguments: [
      "", "a 1\n", "# HELP a A.\na 1\n", "# HELP a A.\n# TYPE a gauge\n",
      "# HELP a A.\n# TYPE a gauge\na NaN\n",
      "# HELP a A.\n# TYPE a gauge\na 1", "# HELP a A.\n# TYPE a gauge\na 1\na 1\n",
      "# HELP a A.\n# TYPE a counter\na -1\n", "# HELP a A.\n# TYPE a gauge\na{b=\"c\nd\"} 1\n",
      "# HELP a A.\n# TYPE a gauge\na{b=\"\\t\"} 1\n", "# HELP a A.\n# TYPE a gauge\na 1\n\n",
      "# HELP a A.\n# TYPE a gauge\na 1\n# HELP a A.\n# TYPE a gauge\na{x=\"1\"} 1\n",
      "# HELP a A.\n# TYPE a gauge\nb 1\n",
    ])
  func reader(text: String) { #expect(throws: ExpositionText.Flaw.self) { try ExpositionText(text) } }
}
