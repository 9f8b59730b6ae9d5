import Blobs
import Catalog
import HTTPTypes
import Hummingbird
import NIOCore
import Scheduling
import Uploads
import Vocabulary

/// `/metrics`: the facts of `/api/v1/status`, and what came of content, for Prometheus (docs/metrics.md).
package struct MetricsRoutes: Sendable {
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  package func add(to router: Router<GatewayContext>) {
    router.get("/metrics") { _, _ in
      Response(
        status: .ok, headers: [.contentType: MetricsText.mediaType, .cacheControl: "no-store"],
        body: .init(byteBuffer: ByteBuffer(string: try await GatewayMetrics(services).text)))
    }
  }
}

extension GatewayMetrics {
  /// - Throws: what the catalog throws; storage that does not say its size is left out.
  fileprivate init(_ services: GatewayServices) async throws {
    let (uploads, pushes, delayed) = try await services.catalog.read { reader in
      (
        try reader.uploadCounts(), try reader.pushCounts(),
        try reader.delayedPushCount(limit: StatusPage.delayedLimit)
      )
    }
    var space: (free: Int64, total: Int64)?
    do throws(BlobError) { space = try await services.blobs.space() } catch {
      services.report(error.description)
    }
    self.init(
      version: SheafVersion.current, startedAt: services.startedAt,
      isDraining: services.uploads.isDrainingNow, contents: services.blobs.counters.snapshot,
      runningUploads: services.uploads.activity.snapshot(limit: 0).total, uploads: uploads, pushes: pushes,
      scheduler: services.scheduler.snapshot, delayedPushes: delayed, space: space)
  }
}
