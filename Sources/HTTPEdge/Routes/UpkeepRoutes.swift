import Bundles
import HTTPTypes
import Hummingbird
import Vocabulary

/// `/api/v1/upkeep`: collecting what nothing refers to.
package struct UpkeepRoutes: Sendable {
  private static let path = "/api/v1/upkeep/collection"
  private let services: GatewayServices

  package init(services: GatewayServices) { self.services = services }

  package func add(to router: Router<GatewayContext>) {
    let collection = router.group(RouterPath(Self.path))
    collection.get { _, _ in Response.json(Self.view(services.collection.current)) }
    collection.post { request, context -> Response in
      let actor = try services.actor(of: request, context)
      let fields = try await JSONBody.decode(CollectionFields.self, from: request)
      let status = services.collection.start(isDryRun: fields.isDryRun, by: actor)
      return Response.json(Self.view(status), status: .accepted, headers: [.location: Self.path])
    }
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
