import Vocabulary

/// A push as `/api/v1/pushes` shows it; only what this client needs.
package struct PushAnswer: Decodable, Sendable {
  package struct Bundle: Decodable, Sendable {
    package var id: String
    package var sequence: Int64
    package var digest: String
  }
  package struct Failure: Decodable, Sendable {
    package var code: String
    package var message: String
  }
  package struct Files: Decodable, Sendable {
    package var expected: Int64?
    package var verified: Int64?
  }
  package var id: String
  package var repo: String
  package var state: String
  package var author: String?
  package var files: Files?
  package var bundle: Bundle?
  package var error: Failure?

  /// nil for a state that a newer server may have.
  package var pushState: PushState? { PushState(rawValue: state) }
}

/// An upload as JSON.
package struct UploadAnswer: Decodable, Sendable {
  package var id: String
  package var state: String
  package var offset: Int64
  package var length: Int64?
  package var path: String?
  package var digest: String?

  package var uploadState: UploadState? { UploadState(rawValue: state) }
}

/// The digests of an upload's whole blocks and its short last one.
package struct BlocksAnswer: Decodable, Sendable {
  package var blockBytes: Int64
  package var offset: Int64
  package var blocks: [String]
  package init(blockBytes: Int64, offset: Int64, blocks: [String]) {
    self.blockBytes = blockBytes
    self.offset = offset
    self.blocks = blocks
  }
}

/// One page of a list.
package struct Page<Item: Decodable & Sendable>: Decodable, Sendable {
  package var items: [Item]
  package var next: String?
}

/// A bundle as JSON, and as `--json` prints it.
package struct BundleAnswer: Codable, Sendable {
  package var id: String
  package var repo: String
  package var sequence: Int64
  package var digest: String
  package var message: String
  package var label: String?
  package var labels: [String]?
  package var author: String?
  package var push: String?
  package var fileCount: Int64
  package var byteCount: Int64
  package var createdAt: String
  package var parents: [String]?
  package var contributors: [String]?
}

/// One file of a bundle.
package struct EntryAnswer: Codable, Sendable, Equatable {
  package var path: String
  package var size: Int64
  package var sha256: String
  package var mode: String?
  package var mtime: String?

  enum CodingKeys: String, CodingKey { case path, size, sha256, mode, mtime }

  package init(path: String, size: Int64, sha256: String, mode: String?, mtime: String?) {
    self.path = path
    self.size = size
    self.sha256 = sha256
    self.mode = mode
    self.mtime = mtime
  }

  package init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    path = try members.decode(String.self, forKey: .path)
    size = try members.decode(Int64.self, forKey: .size)
    sha256 = try members.decode(String.self, forKey: .sha256)
    mode = try members.decodeIfPresent(String.self, forKey: .mode)
    mtime = try members.decodeIfPresent(String.self, forKey: .mtime)
  }

  /// Permission bits; nil when there are none to restore.
  package var permissions: UInt32? { mode.flatMap { UInt32($0, radix: 8) }.map { $0 & 0o777 } }
  package var digest: Digest? { Digest(hex: sha256) }
}

/// What verifying a whole bundle found.
package struct VerificationAnswer: Codable, Sendable {
  package struct Finding: Codable, Sendable {
    package var path: String
    package var reason: String
    package init(path: String, reason: String) {
      self.path = path
      self.reason = reason
    }
  }
  package var match: Bool
  package var files: Int64?
  package var bytes: Int64?
  package var problems: [Finding]?
  package init(match: Bool, files: Int64?, bytes: Int64?, problems: [Finding]?) {
    self.match = match
    self.files = files
    self.bytes = bytes
    self.problems = problems
  }
}
