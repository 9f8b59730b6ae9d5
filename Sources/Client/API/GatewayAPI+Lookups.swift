import Foundation
import Vocabulary

/// A file that the server is asked about.
package struct LookedUpFile: Encodable, Sendable {
  package var path: String
  package var size: Int64
  package var sha256: String
}

/// What the server has of a list of files, and what it wants to be convinced with.
package struct LookupAnswer: Decodable, Sendable {
  package struct Item: Decodable, Sendable {
    package var path: String
    package var known: Bool
  }
  package var challenge: String
  package var items: [Item]
}

/// A file with the proof that the client has it.
package struct ProvenFile: Encodable, Sendable {
  package var path: String
  package var size: Int64
  package var sha256: String
  package var mtime: String
  package var mode: String
  package var proof: String
}

extension GatewayAPI {
  /// The latest bundle of the repo, nil when it has none or is not there.
  package func latestBundle(of repo: RepoName) async throws -> String? {
    // Nothing else of a repo matters here, so nothing else is asked of a server.
    struct LatestAnswer: Decodable {
      struct Bundle: Decodable { var id: String }
      var latest: Bundle?
    }
    do {
      return try await get(LatestAnswer.self, ["api", "v1", "repos", repo.text]).latest?.id
    } catch let error as ClientError where error.status == 404 {
      return nil
    }
  }

  /// Which of the files the push's repo has; at most 1,000.
  package func lookUp(_ files: [LookedUpFile], for push: PushID) async throws -> LookupAnswer {
    struct Body: Encodable {
      var push: String
      var files: [LookedUpFile]
    }
    // A repo whose index is behind is waited for.
    return try await post(
      LookupAnswer.self, ["files", "lookup"],
      json: try JSONEncoder().encode(Body(push: push.text, files: files)))
  }

  /// Makes files of the push that its repo has, without their bytes.
  package func claim(
    _ files: [ProvenFile], challenge: String, author: String?, for push: PushID
  ) async throws -> BatchAnswer {
    struct Body: Encodable {
      var push: String
      var challenge: String
      var author: String?
      var files: [ProvenFile]
    }
    let body = Body(push: push.text, challenge: challenge, author: author, files: files)
    return try await post(BatchAnswer.self, ["files", "claim"], json: try JSONEncoder().encode(body))
  }

  /// Blocks of a file of a bundle; nil when it has no such file.
  package func blocks(of path: BundlePath, in bundle: String, of repo: RepoName) async throws -> BlocksAnswer?
  {
    let segments = ["api", "v1", "repos", repo.text, "bundles", bundle, "blocks"]
    do {
      return try await get(
        BlocksAnswer.self, segments + path.components.map(String.init), patience: .patient)
    } catch let error as ClientError where error.status == 404 {
      return nil
    }
  }

  /// Appends a range of a bundle's file, the same bytes at the same place, to an upload; returns the new offset.
  package func copy(_ range: Range<Int64>, _ delta: BlockDelta, to id: UploadID) async throws -> Int64 {
    struct Body: Encodable {
      var bundle: String
      var path: String
      var from: Int64
      var count: Int64
      var offset: Int64
    }
    struct Answer: Decodable {
      var offset: Int64
    }
    let body = Body(
      bundle: delta.bundle, path: delta.path.text, from: range.lowerBound, count: Int64(range.count),
      offset: range.lowerBound)
    return try await post(
      Answer.self, ["files", id.text, "copy"], json: try JSONEncoder().encode(body), patience: .patient
    ).offset
  }
}
