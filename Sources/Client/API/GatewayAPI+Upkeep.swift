import Foundation
import NIOHTTP1
import Vocabulary

/// How a collection went, or how far it is.
package struct CollectionAnswer: Codable, Sendable {
  package var state: String
  package var dryRun: Bool
  package var startedAt: String?
  package var finishedAt: String?
  package var phase: String
  package var bundles: Int
  package var liveObjects: Int
  package var removedObjects: Int
  package var removedBytes: Int64
  package var rewrittenPacks: Int
  package var reclaimedPackBytes: Int64
  package var error: String?
}

extension GatewayAPI {
  private static let collection = ["api", "v1", "upkeep", "collection"]

  package func startCollection(isDryRun: Bool) async throws -> CollectionAnswer {
    try await exchange(
      CollectionAnswer.self, .POST, Self.collection, json: try JSONEncoder().encode(["dryRun": isDryRun]))
  }

  package func currentCollection() async throws -> CollectionAnswer {
    try await get(CollectionAnswer.self, Self.collection)
  }
}
