import Bundles
import Catalog
import HTTPTypes
import Hummingbird
import Vocabulary

/// `/api/v1/upkeep`: collecting what nothing refers to, and what reading everything again found.
package struct UpkeepRoutes: Sendable {
  private static let scrubPath = "/api/v1/upkeep/scrub"
  private static let path = "/api/v1/upkeep/collection"
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  package func add(to router: Router<GatewayContext>) {
    router.get(RouterPath(Self.scrubPath)) { request, _ in try await scrub(request) }
    let collection = router.group(RouterPath(Self.path))
    collection.get { _, _ in Response.json(Self.view(services.collection.current)) }
    collection.post { request, context -> Response in
      let actor = try services.actor(of: request, context)
      let fields = try await JSONBody.decode(CollectionFields.self, from: request)
      let status = services.collection.start(isDryRun: fields.isDryRun, by: actor)
      return Response.json(Self.view(status), status: .accepted, headers: [.location: Self.path])
    }
  }

  private func scrub(_ request: Request) async throws -> Response {
    let page = try PageRequest(request)
    let after = try page.position { Digest(hex: $0) }
    let (record, found) = try await services.catalog.read { reader in
      (try reader.scrub(), try reader.scrubFindings(after: after, limit: page.limit + 1))
    }
    let (findings, next) = page.page(found) { $0.digest.hex }
    return .json([
      "isRunning": .bool(record.cursor != nil),
      "startedAt": .time(record.startedAt),
      "finishedAt": .time(record.finishedAt),
      "checkedObjects": .integer(record.checkedObjects),
      "checkedBytes": .integer(record.checkedBytes),
      "items": .array(
        findings.map { finding in
          [
            "sha256": .string(finding.digest.hex), "reason": .string(finding.reason), "at": .time(finding.at),
          ]
        }),
      "next": .text(next),
      "_links": .links(["self": Self.scrubPath]),
    ])
  }

  static func view(_ status: CollectionRunner.Status) -> JSONValue {
    let report = status.report
    return [
      "state": .string(status.state.rawValue),
      "dryRun": .bool(status.isDryRun),
      "startedAt": .time(status.startedAt),
      "finishedAt": .time(status.finishedAt),
      "phase": .string(report.phase.rawValue),
      "bundles": .count(report.bundleCount),
      "liveObjects": .count(report.liveObjects),
      "removedObjects": .count(report.removedObjects),
      "removedBytes": .integer(report.removedBytes),
      "rewrittenPacks": .count(report.rewrittenPacks),
      "reclaimedPackBytes": .integer(report.reclaimedPackBytes),
      "error": .text(status.error),
      "_links": .links(["self": path]),
    ]
  }
}

/// The body that begins a collection.
private struct CollectionFields: Decodable, Sendable {
  let isDryRun: Bool

  init(from decoder: any Decoder) throws {
    isDryRun = try FieldReader(decoder, fields: ["dryRun"]).optional("dryRun") ?? false
  }
}
