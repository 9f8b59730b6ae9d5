import Foundation
import Vocabulary

/// A file that a push is opened with: the server takes exactly these.
package struct AnnouncedFile: Codable, Sendable, Hashable {
  package var path: String
  package var size: Int64
  /// The server takes no other content.
  package var sha256: String?
  package init(path: String, size: Int64, sha256: String? = nil) {
    self.path = path
    self.size = size
    self.sha256 = sha256
  }
}

/// What a push is opened with.
package struct PushOpening: Encodable, Sendable {
  package var repo: String
  package var message: String
  package var label: String?
  package var author: String?
  package var conflicts: String?
  package var sealWhenComplete = false
  /// nil: the server's own rule, which is not to.
  package var allowEmpty: Bool?
  /// nil: any files may come.
  package var files: [AnnouncedFile]?

  package init(
    repo: RepoName, message: String, label: LabelName?, author: String? = nil, conflicts: String? = nil,
    files: [AnnouncedFile]?
  ) {
    self.author = author
    self.conflicts = conflicts
    self.repo = repo.text
    self.message = message
    self.label = label?.text
    self.files = files
  }
}

extension GatewayAPI {
  private static let pushes = ["api", "v1", "pushes"]

  package func openPush(_ opening: PushOpening) async throws -> PushAnswer {
    // Checking a long list takes the server its time.
    try await post(PushAnswer.self, Self.pushes, json: try JSONEncoder().encode(opening), patience: .patient)
  }

  package func push(_ id: PushID) async throws -> PushAnswer {
    try await get(PushAnswer.self, Self.pushes + [id.text])
  }

  package func sealPush(_ id: PushID) async throws -> PushAnswer {
    try await post(PushAnswer.self, Self.pushes + [id.text, "seal"])
  }

  package func retryPush(_ id: PushID) async throws -> PushAnswer {
    try await post(PushAnswer.self, Self.pushes + [id.text, "retry"])
  }

  package func cancelPush(_ id: PushID) async throws {
    _ = try await post(PushAnswer.self, Self.pushes + [id.text, "cancel"])
  }

  /// The uploads of a push, by path.
  package func uploads(of id: PushID, retrier: Retrier) async throws -> [UploadAnswer] {
    try await all(UploadAnswer.self, Self.pushes + [id.text, "uploads"], retrier: retrier)
  }
}
