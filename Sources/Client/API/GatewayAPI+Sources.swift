import Foundation
import Vocabulary

/// A source as JSON.
package struct SourceAnswer: Codable, Sendable {
  package var name: String
}

/// One name in a folder of a source.
package struct SourceItemAnswer: Codable, Sendable {
  package var name: String
  package var kind: String
  /// nil when the name cannot be in a bundle.
  package var path: String?
  package var size: Int64?
  package var modifiedAt: String?
}

/// What a push of a source's folder is opened with.
package struct SourcePushOpening: Encodable, Sendable {
  package struct Source: Encodable, Sendable {
    package var name: String
    package var path: String
    package var files: [String]?
  }
  package var repo: String
  package var message: String
  package var label: String?
  package var author: String?
  package var concurrencyFactor: Int?
  /// nil: the server's own rule, which is not to.
  package var allowEmpty: Bool?
  package var source: Source

  package init(
    repo: RepoName, message: String, label: LabelName?, author: String? = nil, concurrencyFactor: Int?,
    address: SourceAddress, files: [String]?, allowEmpty: Bool? = nil
  ) {
    self.allowEmpty = allowEmpty
    self.repo = repo.text
    self.message = message
    self.label = label?.text
    self.author = author
    self.concurrencyFactor = concurrencyFactor
    source = Source(name: address.name, path: address.path, files: files)
  }
}

/// `NAME` or `NAME/PATH`: a folder of a source.
package struct SourceAddress: Sendable, Equatable {
  package var name: String
  /// Empty for the source itself.
  package var path: String

  /// A slash at the end says nothing more.
  ///
  /// - Throws: `ProblemError` with `bad-path` or `bad-name`.
  package init(_ text: String) throws {
    let slash = UInt8(ascii: "/")
    // By bytes: a combining character after the slash hides it from `Character`.
    let parts = text.utf8.split(separator: slash, maxSplits: 1, omittingEmptySubsequences: false)
    name = try RepoName(String(Substring(parts[0]))).text
    var path = parts.count == 2 ? parts[1] : "".utf8[...]
    if path.last == slash { path.removeLast() }
    self.path = path.isEmpty ? "" : try BundlePath(String(Substring(path))).text
  }
}

extension GatewayAPI {
  package func sources(retrier: Retrier) async throws -> [SourceAnswer] {
    try await all(SourceAnswer.self, ["api", "v1", "sources"], retrier: retrier)
  }

  /// What a folder of a source has, by name.
  package func tree(_ address: SourceAddress, retrier: Retrier) async throws -> [SourceItemAnswer] {
    let segments = address.path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    return try await all(
      SourceItemAnswer.self, ["api", "v1", "sources", address.name, "tree"] + segments, retrier: retrier)
  }

  package func openPush(_ opening: SourcePushOpening) async throws -> PushAnswer {
    try await post(
      PushAnswer.self, ["api", "v1", "pushes"], json: try JSONEncoder().encode(opening), patience: .patient)
  }

  /// Asks until the push has ended.
  ///
  /// - Throws: `PushFailure`, or `Unreachable` once the patience is over.
  package func awaitBundle(of id: PushID, retrier: Retrier) async throws -> PushAnswer.Bundle {
    var wait = Backoff()
    while true {
      let answer = try await retrier.run { try await push(id) }
      switch answer.pushState {
      case .committed:
        guard let bundle = answer.bundle else {
          throw ClientError.unexpected("a committed push names no bundle")
        }
        return bundle
      case .failed:
        throw PushFailure.commit(
          code: answer.error?.code ?? "unknown", message: answer.error?.message ?? "it gave no reason")
      case .cancelled, .expired: throw PushFailure.closed("push \(id) was \(answer.state)")
      case .open, .queued, .admitted, .committing, nil: try await retrier.pacer.sleep(wait.next())
      }
    }
  }
}
