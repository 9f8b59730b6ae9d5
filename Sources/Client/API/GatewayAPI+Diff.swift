import Vocabulary

/// One file that differs between two bundles, or a bundle and a folder; also as `--json` prints it.
package struct ChangeAnswer: Codable, Sendable, Equatable {
  package var change: FileChange
  package var path: String
  /// The old path of a renamed file.
  package var from: String?
  package var size: Int64?
  package var sha256: String?
  package var oldSize: Int64?
  package var oldSha256: String?

  package init(
    change: FileChange, path: String, from: String? = nil, size: Int64? = nil, sha256: String? = nil,
    oldSize: Int64? = nil, oldSha256: String? = nil
  ) {
    self.change = change
    self.path = path
    self.from = from
    self.size = size
    self.sha256 = sha256
    self.oldSize = oldSize
    self.oldSha256 = oldSha256
  }

  /// `U path`, or `R old -> new`.
  package var line: String { "\(change.letter) \(from.map { "\($0) -> " } ?? "")\(path)" }
}

/// How many files differ in which way.
package struct ChangeCounts: Codable, Sendable, Equatable {
  package var added: Int64 = 0
  package var deleted: Int64 = 0
  package var updated: Int64 = 0
  package var renamed: Int64 = 0
  package var unchanged: Int64 = 0

  package init() {}
  package var areEqual: Bool { added == 0 && deleted == 0 && updated == 0 && renamed == 0 }
}

/// A page of what changes from one bundle to another.
package struct DiffAnswer: Decodable, Sendable {
  package var items: [ChangeAnswer]
  package var next: String?
  package var summary: ChangeCounts
  package var renamesMatched: Bool
}

extension GatewayAPI {
  /// What changes from one bundle to another, page by page.
  ///
  /// - Parameters:
  ///   - old, new: by their ids: pages of labels that move in between would not fit together.
  ///   - body: takes each page.
  package func visitDifferences(
    from old: BundleAddress, to new: BundleAddress, retrier: Retrier, _ body: (DiffAnswer) throws -> Void
  ) async throws {
    let segments = [
      "api", "v1", "repos", old.repo.text, "bundles", old.reference, "diff", new.reference,
    ]
    var cursor: String?
    repeat {
      let query = [("limit", "1000"), ("repo", new.repo.text)] + (cursor.map { [("cursor", $0)] } ?? [])
      // Comparing large bundles takes the server its time.
      let page = try await retrier.run {
        try await get(DiffAnswer.self, segments, query: query, patience: .patient)
      }
      try body(page)
      guard page.next == nil || page.next != cursor else {
        throw ClientError.unexpected("the list's cursor does not advance")
      }
      cursor = page.next
    } while cursor != nil
  }
}
