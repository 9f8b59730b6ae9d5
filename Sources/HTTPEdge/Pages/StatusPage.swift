import Blobs
import Catalog
import GatewayConfiguration
import Platform
import Scheduling
import Uploads
import Vocabulary

/// `/ui/status`: what the operator wants to see at a glance; refreshed every second where scripts run.
package struct StatusPage: Sendable {
  /// A request that is storing bytes.
  package struct Active: Sendable {
    package var id: UploadID
    package var path: String
    package var offset: Int64
    package var length: Int64?
    package var client: String?
    package var bytesPerSecond: Double
    package init(
      id: UploadID, path: String, offset: Int64, length: Int64?, client: String?, bytesPerSecond: Double
    ) {
      self.id = id
      self.path = path
      self.offset = offset
      self.length = length
      self.client = client
      self.bytesPerSecond = bytesPerSecond
    }
  }
  /// The scheduler since the server started.
  package struct Scheduler: Sendable {
    package var ticks: Int
    package var lastTickAt: Timestamp?
    package var started: Int
    package var committed: Int
    package var failed: Int
    package var running: [PushID: RepoName]
    package var retried: Int
    package var cancelled: Int
    package var timedOut: Int
    /// Queued pushes that wait for a retry now.
    package var waiting: Int
    package init(
      ticks: Int, lastTickAt: Timestamp?, started: Int, committed: Int, failed: Int,
      running: [PushID: RepoName], retried: Int = 0, cancelled: Int = 0, timedOut: Int = 0, waiting: Int = 0
    ) {
      self.retried = retried
      self.cancelled = cancelled
      self.timedOut = timedOut
      self.waiting = waiting
      self.ticks = ticks
      self.lastTickAt = lastTickAt
      self.started = started
      self.committed = committed
      self.failed = failed
      self.running = running
    }
  }
  private static let activityLimit = 100
  /// Pushes that wait for a retry are counted up to here.
  static let delayedLimit = 10_000
  private static let problemLimit = 20

  package var activity: [Active]
  package var activeCount: Int
  package var uploads: [UploadState: Int]
  package var pushes: [PushState: Int]
  package var scheduler: Scheduler
  /// nil when the storage cannot tell.
  package var space: (free: Int64, total: Int64)?
  package var errors: [RecentErrors.Line]
  package var events: [EventRecord]
  /// The pushes of rejected uploads, by the upload's id.
  package var pushOfUpload: [String: PushID]
  package var startedAt: Timestamp
  /// True when acknowledged bytes are on stable storage.
  package var isSynced: Bool
  package var storage = StorageView()

  package init(
    activity: [Active], activeCount: Int, uploads: [UploadState: Int], pushes: [PushState: Int],
    scheduler: Scheduler, space: (free: Int64, total: Int64)?, errors: [RecentErrors.Line],
    events: [EventRecord], pushOfUpload: [String: PushID] = [:], startedAt: Timestamp, isSynced: Bool
  ) {
    self.activity = activity
    self.activeCount = activeCount
    self.uploads = uploads
    self.pushes = pushes
    self.scheduler = scheduler
    self.space = space
    self.errors = errors
    self.events = events
    self.pushOfUpload = pushOfUpload
    self.startedAt = startedAt
    self.isSynced = isSynced
  }

  static func load(_ services: GatewayServices) async throws -> StatusPage {
    let (active, activeCount) = services.uploads.activity.snapshot(limit: activityLimit)
    let counters = services.scheduler.snapshot
    let storage = try await services.catalog.read { try StorageView.load(services, $0) }
    let (uploads, pushes, events, pushOfUpload, delayed) = try await services.catalog.read { reader in
      let events = try reader.recentEvents(
        kinds: [.pushFailed, .uploadRejected, .storageFault], limit: problemLimit)
      var pushOfUpload: [String: PushID] = [:]
      for event in events.map(\.event) where event.kind == .uploadRejected {
        pushOfUpload[event.subject] = try UploadID(event.subject).flatMap { try reader.upload($0)?.push }
      }
      return (
        try reader.uploadCounts(), try reader.pushCounts(), events, pushOfUpload,
        try reader.delayedPushCount(limit: delayedLimit)
      )
    }
    var page = StatusPage(
      activity: active.map {
        Active(
          id: $0.id, path: $0.path, offset: $0.offset, length: $0.length, client: $0.client,
          bytesPerSecond: $0.bytesPerSecond)
      },
      activeCount: activeCount, uploads: uploads, pushes: pushes,
      scheduler: Scheduler(
        ticks: counters.ticks, lastTickAt: counters.lastTickAt, started: counters.started,
        committed: counters.committed, failed: counters.failed, running: counters.running,
        retried: counters.retried, cancelled: counters.cancelled, timedOut: counters.timedOut,
        waiting: delayed),
      space: try? await services.blobs.space(),
      errors: Array(services.errors.newest.prefix(problemLimit)), events: events,
      pushOfUpload: pushOfUpload, startedAt: services.startedAt,
      isSynced: services.settings.durability == .synced)
    page.storage = storage
    return page
  }

  package func html(_ templates: PageTemplates, now: Timestamp) -> String {
    let problems = problems(now: now)
    let running = scheduler.running.sorted { $0.key < $1.key }
    let queued = Int64(pushes[.queued] ?? 0)
    var view: PageView = [
      "uptime": PageFormat.duration(seconds: (now.milliseconds - startedAt.milliseconds) / 1000),
      "durability": isSynced ? "synced" : "process",
      "durabilityText": isSynced
        ? "acknowledged bytes survive a power loss"
        : "acknowledged bytes survive the process, not a power loss",
      "startedAt": PageViews.time(startedAt, now: now),
      "activeCount": PageFormat.number(Int64(activeCount)),
      "activeRate": PageFormat.rate(activity.reduce(0) { $0 + $1.bytesPerSecond }),
      "openUploads": number(UploadState.allCases.filter(\.isOpen).reduce(0) { $0 + (uploads[$1] ?? 0) }),
      "runningCount": number(running.count), "queuedText": "running, \(PageFormat.number(queued)) queued",
      "hasActivity": !activity.isEmpty, "activity": activity.map(Self.view),
      "uploadCounts": UploadState.allCases.map { state in
        ["badge": PageViews.badge(state), "count": number(uploads[state] ?? 0)] as PageView
      },
      "pushCounts": PushState.allCases.map { state in
        [
          "badge": PageViews.badge(state.status.rawValue, state.rawValue),
          "count": number(pushes[state] ?? 0),
        ] as PageView
      },
      "ticks": number(scheduler.ticks), "queued": PageFormat.number(queued),
      "started": number(scheduler.started), "committed": number(scheduler.committed),
      "failed": number(scheduler.failed), "retried": number(scheduler.retried),
      "cancelled": number(scheduler.cancelled), "timedOut": number(scheduler.timedOut),
      "waiting": number(scheduler.waiting), "hasRunning": !running.isEmpty,
      "running": running.map { id, repo in
        ["href": PageLinks.push(id), "shortID": PageViews.short(id.text), "repo": repo.text]
      },
      "hasProblems": !problems.isEmpty, "problems": problems,
    ]
    view.set("lastTick", scheduler.lastTickAt.map { PageViews.time($0, now: now) })
    view.set("disk", disk)
    view["storage"] = storage.view(now: now)
    if activeCount > activity.count {
      view["activityMore"] = "and \(PageFormat.number(Int64(activeCount - activity.count))) more"
    }
    return templates.html("status", title: "Status", section: .status, view: view)
  }

  private func number(_ value: Int) -> String { PageFormat.number(Int64(value)) }

  private var disk: PageView? {
    guard let space, space.total > 0 else { return nil }
    let used = max(0, space.total - space.free)
    return [
      "freeText": PageFormat.bytes(space.free), "totalText": PageFormat.bytes(space.total),
      "used": used, "total": space.total, "high": space.total / 10 * 9,
      "usedText": "\(PageFormat.percent(used, of: space.total))% used",
    ]
  }

  private static func view(_ entry: Active) -> PageView {
    var view: PageView = [
      "path": entry.path, "href": PageLinks.uploadResource(entry.id),
      "rate": PageFormat.rate(entry.bytesPerSecond),
      "client": entry.client ?? "unknown",
    ]
    PageViews.progress(entry.offset, of: entry.length, path: entry.path, in: &view)
    return view
  }

  /// What went wrong lately, newest first: lines of the operator's log and events of the catalog.
  private func problems(now: Timestamp) -> [PageView] {
    let lines = errors.map { line -> (Timestamp, PageView) in
      (line.at, ["badge": PageViews.badge("error", "log"), "text": line.text])
    }
    let recorded = events.map { (record: EventRecord) -> (Timestamp, PageView) in
      let event = record.event
      var view: PageView = [
        "badge": PageViews.badge("error", event.kind.rawValue), "subject": PageViews.short(event.subject),
        "text": Self.text(of: event),
      ]
      let push = event.kind == .pushFailed ? PushID(event.subject) : pushOfUpload[event.subject]
      view.set("href", push.map(PageLinks.push))
      return (event.at, view)
    }
    return (lines + recorded).sorted { $0.0 > $1.0 }.prefix(Self.problemLimit).map { time, view in
      view.merging(["when": PageViews.time(time, now: now)]) { $1 }
    }
  }

  private static func text(of event: NewEvent) -> String {
    if let path = event.details["path"], let declared = event.details["declared"],
      let actual = event.details["actual"]
    {
      return "\(path): sha256 \(declared.prefix(12))… was declared, \(actual.prefix(12))… arrived"
    }
    return event.details.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }
}
