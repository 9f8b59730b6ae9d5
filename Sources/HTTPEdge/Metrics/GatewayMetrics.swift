import Blobs
import Catalog
import Scheduling
import Uploads
import Vocabulary

/// What `/metrics` tells, at one moment; docs/metrics.md lists the names. Pure.
package struct GatewayMetrics: Sendable {
  private typealias Family = MetricsText.Family

  package var version: String
  package var startedAt: Timestamp
  package var isDraining: Bool
  package var contents: [ContentCount: ContentTally]
  package var runningUploads: Int
  package var uploads: [UploadState: Int]
  package var pushes: [PushState: Int]
  package var scheduler: SchedulerCounters
  /// Queued pushes that wait for a retry.
  package var delayedPushes: Int
  /// nil when the storage does not say.
  package var space: (free: Int64, total: Int64)?

  package init(
    version: String, startedAt: Timestamp, isDraining: Bool, contents: [ContentCount: ContentTally],
    runningUploads: Int, uploads: [UploadState: Int], pushes: [PushState: Int], scheduler: SchedulerCounters,
    delayedPushes: Int, space: (free: Int64, total: Int64)?
  ) {
    self.version = version
    self.startedAt = startedAt
    self.isDraining = isDraining
    self.contents = contents
    self.runningUploads = runningUploads
    self.uploads = uploads
    self.pushes = pushes
    self.scheduler = scheduler
    self.delayedPushes = delayedPushes
    self.space = space
  }

  package var text: String {
    MetricsText.text(processFamilies + contentFamilies + stateFamilies + schedulerFamilies + diskFamilies)
  }

  private var processFamilies: [Family] {
    [
      Family(
        "sheaf_build_info", .gauge, "The program that runs; always 1.",
        [.init(.integer(1), labels: [("version", version)])]),
      gauge("sheaf_start_time_seconds", "When the process began, in seconds since 1970.", .time(startedAt)),
      gauge(
        "sheaf_draining", "1 while the server shuts down and takes nothing new.", .integer(isDraining ? 1 : 0)
      ),
    ]
  }

  private var contentFamilies: [Family] {
    func tally(_ what: ContentCount) -> ContentTally { contents[what] ?? ContentTally() }
    func pair(_ name: String, _ things: String, _ what: ContentCount, _ help: String) -> [Family] {
      [
        counter("sheaf_\(name)_\(things)_total", help, tally(what).count),
        counter("sheaf_\(name)_bytes_total", "\(help) In bytes.", tally(what).bytes),
      ]
    }
    return [
      counter(
        "sheaf_received_bytes_total", "Content that clients sent and the server took, in bytes.",
        tally(.received).bytes)
    ]
      + pair("source", "files", .ingested, "Files that pushes took in from sources.")
      + pair("written", "objects", .written, "Content of files that was stored as a new object.")
      + pair("deduplicated", "files", .deduplicated, "Files whose content came and was stored already.")
      + pair("claimed", "files", .claimed, "Files that clients need not send, as the server had them.")
      + pair("collected", "objects", .collected, "Objects that nothing referred to and that were removed.")
  }

  private var stateFamilies: [Family] {
    [
      gauge(
        "sheaf_upload_requests_running", "Requests that are sending content now.",
        .integer(Int64(runningUploads))),
      Family(
        "sheaf_uploads", .gauge, "Uploads that are remembered, by state.",
        UploadState.allCases.map { Self.sample($0.rawValue, uploads[$0]) }),
      Family(
        "sheaf_pushes", .gauge, "Pushes that are remembered, by state.",
        PushState.allCases.map { Self.sample($0.rawValue, pushes[$0]) }),
    ]
  }

  private var schedulerFamilies: [Family] {
    func commits(_ what: String, _ help: String, _ count: Int) -> Family {
      counter("sheaf_scheduler_commits_\(what)_total", help, Int64(count))
    }
    let lastTick = scheduler.lastTickAt.map { [MetricsText.Sample(.time($0))] } ?? []
    return [
      counter("sheaf_scheduler_ticks_total", "Rounds of the scheduler.", Int64(scheduler.ticks)),
      Family(
        "sheaf_scheduler_last_tick_timestamp_seconds", .gauge,
        "When the last round of the scheduler was, in seconds since 1970.", lastTick),
      commits("started", "Commits that were begun.", scheduler.started),
      commits("committed", "Commits that made a bundle.", scheduler.committed),
      commits("failed", "Pushes that failed for good.", scheduler.failed),
      commits("retried", "Attempts that failed and are made again.", scheduler.retried),
      commits("cancelled", "Commits that found their push cancelled.", scheduler.cancelled),
      commits("timed_out", "Commits that were asked to stop as they took too long.", scheduler.timedOut),
      gauge("sheaf_scheduler_running", "Commits under way.", .integer(Int64(scheduler.running.count))),
      gauge(
        "sheaf_scheduler_queued", "Pushes that are sealed and wait for their commit.",
        .integer(Int64(pushes[.queued] ?? 0))),
      gauge(
        "sheaf_scheduler_delayed", "Queued pushes that wait for their next attempt, 10000 at most.",
        .integer(Int64(delayedPushes))),
    ]
  }

  private var diskFamilies: [Family] {
    guard let space else { return [] }
    return [
      gauge("sheaf_disk_free_bytes", "Free bytes of the storage.", .integer(space.free)),
      gauge("sheaf_disk_size_bytes", "Bytes of the storage in all.", .integer(space.total)),
    ]
  }

  private func counter(_ name: String, _ help: String, _ count: Int64) -> Family {
    Family(name, .counter, help, [.init(.integer(count))])
  }

  private func gauge(_ name: String, _ help: String, _ value: MetricsText.Value) -> Family {
    Family(name, .gauge, help, [.init(value)])
  }

  private static func sample(_ state: String, _ count: Int?) -> MetricsText.Sample {
    .init(.integer(Int64(count ?? 0)), labels: [("state", state)])
  }
}
