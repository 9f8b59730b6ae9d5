import Blobs
import Catalog
import GatewayConfiguration
import Hummingbird
import Platform
import Scheduling
import Uploads
import Vocabulary

/// The state of the server: for people at `/api/v1/status` and `/api/v1/config`, for machines at `/healthz` and `/readyz`.
package struct StatusRoutes: Sendable {
  private static let activeLimit = 200
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  package func add(to router: Router<GatewayContext>) {
    router.get("/api/v1/status") { _, _ in try await status() }
    router.get("/api/v1/config") { _, _ in
      Response.list(services.resolvedSettings.entries.map(Self.setting), next: nil)
    }
    for path in ["/healthz", "/readyz"] {
      let answer: @Sendable (Request, GatewayContext) async throws -> Response = { _, _ in
        path == "/readyz" ? try await readiness() : .json(["status": "ok"])
      }
      router.get(RouterPath(path), use: answer)
      router.head(RouterPath(path)) { try await answer($0, $1).createHeadResponse() }
    }
  }

  /// Ready while new work is taken and the catalog answers.
  private func readiness() async throws -> Response {
    if services.uploads.isDrainingNow {
      throw ProblemError(.draining, detail: "the server is shutting down")
    }
    _ = try await services.catalog.read { try $0.lastEventSequence() }
    return .json(["status": "ready"])
  }

  private func status() async throws -> Response {
    let (uploads, pushes, delayed) = try await services.catalog.read { reader in
      (
        try reader.uploadCounts(), try reader.pushCounts(),
        try reader.delayedPushCount(limit: StatusPage.delayedLimit)
      )
    }
    let now = services.clock.now()
    return .json([
      "version": .string(SheafVersion.current),
      "startedAt": .time(services.startedAt),
      "uptimeSeconds": .integer((now.milliseconds - services.startedAt.milliseconds) / 1000),
      "draining": .bool(services.uploads.isDrainingNow),
      "uploads": uploadActivity(counts: uploads),
      "pushes": ["byState": Self.counts(PushState.allCases.map { ($0.rawValue, pushes[$0]) })],
      "scheduler": scheduler(queued: pushes[.queued] ?? 0, delayed: delayed),
      "disk": try await disk(),
      "errors": .array(services.errors.newest.map { ["at": .time($0.at), "text": .string($0.text)] }),
    ])
  }

  private func uploadActivity(counts: [UploadState: Int]) -> JSONValue {
    let (entries, total) = services.uploads.activity.snapshot(limit: Self.activeLimit)
    return [
      "running": .count(total),
      "active": .array(
        entries.map { entry in
          [
            "id": .string(entry.id.text), "path": .string(entry.path), "offset": .integer(entry.offset),
            "length": .count(entry.length), "client": .text(entry.client),
            "bytesPerSecond": .integer(Int64(max(0, min(entry.bytesPerSecond, 1e15)))),
            "_links": .links(["self": "/files/\(entry.id)"]),
          ]
        }),
      "byState": Self.counts(UploadState.allCases.map { ($0.rawValue, counts[$0]) }),
    ]
  }

  private func scheduler(queued: Int, delayed: Int) -> JSONValue {
    let counters = services.scheduler.snapshot
    return [
      "ticks": .count(counters.ticks), "started": .count(counters.started),
      "committed": .count(counters.committed), "failed": .count(counters.failed),
      "retried": .count(counters.retried), "cancelled": .count(counters.cancelled),
      "timedOut": .count(counters.timedOut), "lastTickAt": .time(counters.lastTickAt),
      "queued": .count(queued), "waiting": .count(delayed),
      "running": .array(
        counters.running.sorted { $0.key < $1.key }.map {
          ["push": .string($0.key.text), "repo": .string($0.value.text)]
        }),
    ]
  }

  /// null when the storage does not say: the page that shows why must still come.
  private func disk() async throws -> JSONValue {
    do throws(BlobError) {
      let (free, total) = try await services.blobs.space()
      return ["freeBytes": .integer(free), "totalBytes": .integer(total)]
    } catch {
      services.report(error.description)
      return .null
    }
  }

  static func setting(_ entry: ResolvedSettings.Entry) -> JSONValue {
    [
      "name": .string(entry.name), "value": json(entry.value), "origin": .string(entry.origin.description),
      "default": json(entry.standard), "help": .string(entry.help),
    ]
  }

  private static func json(_ value: SettingValue) -> JSONValue {
    switch value {
    case .text(let text): .string(text)
    case .integer(let number): .integer(number)
    case .boolean(let flag): .bool(flag)
    case .list(let items): .array(items.map { .string($0) })
    case .absent: .null
    }
  }

  private static func counts(_ counts: [(String, Int?)]) -> JSONValue {
    .object(counts.map { .init($0.0, .count($0.1 ?? 0)) })
  }
}
