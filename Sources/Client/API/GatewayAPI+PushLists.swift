import NIOHTTP1
import Vocabulary

/// A push as a list shows it.
package struct PushSummary: Decodable, Sendable {
  package struct Bytes: Decodable, Sendable {
    package var received: Int64
    package var expected: Int64?
  }
  package var id: String
  package var repo: String
  package var message: String
  package var state: String
  package var status: String
  package var createdAt: String
  package var files: PushAnswer.Files
  package var bytes: Bytes
  package var bundle: PushAnswer.Bundle?
  package var error: PushAnswer.Failure?
  package var waitingFor: String?
}

/// Pushes with what this client need not know of them.
package struct PushListing: Sendable {
  package var summaries: [PushSummary]
  package var documents: [JSONNode]
}

extension GatewayAPI {
  private static let pushList = ["api", "v1", "pushes"]

  /// At most `limit` pushes that the query lets through, newest first.
  ///
  /// - Throws: as `get`; an answer that goes in circles is a `ClientError`.
  package func pushes(query: [(String, String)], limit: Int, retrier: Retrier) async throws -> PushListing {
    var listing = PushListing(summaries: [], documents: [])
    var cursor: String?
    repeat {
      let wanted = min(1000, limit - listing.documents.count)
      let page = query + [("limit", String(wanted))] + (cursor.map { [("cursor", $0)] } ?? [])
      let answer = try await retrier.run {
        try await send(
          .GET, server.resource(Self.pushList, query: page), fields: [("Accept", "application/json")])
      }
      let summaries = try json(Page<PushSummary>.self, answer)
      listing.summaries += summaries.items
      listing.documents += try json(Page<JSONNode>.self, answer).items
      guard summaries.next == nil || summaries.next != cursor else {
        throw ClientError.unexpected("the list's cursor does not advance")
      }
      cursor = summaries.next
    } while cursor != nil && listing.documents.count < limit
    return listing
  }

  /// Everything the gateway tells of a push.
  package func pushDocument(_ id: PushID) async throws -> JSONNode {
    try await get(JSONNode.self, Self.pushList + [id.text])
  }

  /// Seals, cancels or retries a push; the push afterwards.
  package func change(_ id: PushID, _ action: String) async throws -> JSONNode {
    try await post(JSONNode.self, Self.pushList + [id.text, action])
  }

  /// The log of a push, as it is.
  package func pushLog(_ id: PushID) async throws -> [UInt8] {
    try await send(.GET, server.resource(Self.pushList + [id.text, "log"])).body
  }
}
