import Foundation
import Testing

/// The files in `Vectors`: what both this server and its JavaScript client must agree on.
struct VectorFile<Case: Decodable>: Decodable {
  var always: [String: String]?
  var cases: [Case]

  static func load(_ name: String) throws -> Self {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors/\(name).json")
    return try JSONDecoder().decode(Self.self, from: try Data(contentsOf: file))
  }
}

struct RequestVector: Decodable, Sendable, CustomTestStringConvertible {
  var name: String
  var options: OptionsVector?
  /// The dialect that is to be chosen, where the vector says so.
  var dialect: String?
  var request: HeadVector
  var intent: IntentVector?
  var problem: ProblemVector?
  var testDescription: String { name }
}

struct ResponseVector: Decodable, Sendable, CustomTestStringConvertible {
  struct Response: Decodable, Sendable {
    var status: Int
    var headers: [String: String]
    var body: JSONValue?
  }
  var name: String
  var options: OptionsVector?
  var request: HeadVector
  var outcome: OutcomeVector
  var response: Response
  var testDescription: String { name }
}

struct InterimVector: Decodable, Sendable, CustomTestStringConvertible {
  struct Notice: Decodable, Sendable {
    var kind: String
    var view: OutcomeVector.View?
    var id: String?
    var offset: Int64?
  }
  var name: String
  var options: OptionsVector?
  var request: HeadVector
  var notice: Notice
  /// `nil` when this client is not to get one.
  var response: ResponseVector.Response?
  var testDescription: String { name }
}

struct MetadataVector: Decodable, Sendable, CustomTestStringConvertible {
  var name: String
  var raw: String
  var pairs: [[String]]?
  var problem: String?
  var key: String?
  var testDescription: String { name }
}

struct OptionsVector: Decodable, Sendable {
  var maximumSizeBytes: Int64?
  var maximumAppendBytes: Int64?
  var sendsInterimToFinal: Bool?
  var ownOrigins: [String]?
}

struct HeadVector: Decodable, Sendable {
  var method: String
  var path: String
  var headers: [[String]]
  var authority: String?
  var hasBody: Bool?
}

struct IntentVector: Decodable, Sendable {
  struct Metadata: Decodable, Sendable {
    var raw: String
    var pairs: [[String]]
  }
  struct Checksum: Decodable, Sendable {
    var algorithm: String
    var bytes: String
  }
  var completes: Bool?
  var kind: String
  var id: String?
  var offset: Int64?
  var length: Int64?
  var metadata: Metadata?
  var hasContent: Bool?
  var contentLength: Int64?
  var checksum: Checksum?
  var checksums: [Checksum]?
  var hasTrailer: Bool?
  var fileDigests: [Checksum]?
  var wantsFileDigest: Bool?
  var completion: String?
  var overflow: String?
  var concatenation: ConcatenationVector?
  var idempotencyKey: String?
}

struct ConcatenationVector: Decodable, Sendable {
  var kind: String
  var parts: [String]?
  var raw: String?
}

struct ProblemVector: Decodable, Sendable {
  var code: String
  var status: Int
  var members: [String: JSONValue]?
}

struct OutcomeVector: Decodable, Sendable {
  struct View: Decodable, Sendable {
    var id: String
    var state: String
    var offset: Int64
    var length: Int64?
    var metadata: IntentVector.Metadata?
    var expiresAt: Int64?
    var digest: String?
    var concatenation: ConcatenationVector?
    var isAssembling: Bool?
  }
  var kind: String
  var view: View?
  var receivedContent: Bool?
  var code: String?
  var detail: String?
  var members: [String: JSONValue]?
}
