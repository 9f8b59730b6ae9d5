import Blobs
import HTTPTypes
import Hummingbird
import Vocabulary

/// The questions about stored bytes that uploads and entries of bundles answer alike.
package enum DigestAnswers {
  /// `{"algorithm","from","to","digest"}` of the first `?to=` bytes below `end`.
  static func prefix(of blob: any BlobReader, end: Int64, _ request: Request) async throws -> Response {
    let to = try request.number("to") ?? end
    guard to <= end else {
      throw ProblemError(
        .badRequest, detail: "to \(to) is beyond the \(end) bytes that are stored",
        members: ["field": .text("to"), "offset": .integer(end)])
    }
    let digest = try await BlobDigests.prefix(to, of: blob)
    return .json([
      "algorithm": "sha-256", "from": 0, "to": .integer(to), "digest": .string(digest.hex),
    ])
  }

  /// `{"algorithm","blockBytes","offset","blocks"}` of all bytes below `end`.
  static func blocks(of blob: any BlobReader, end: Int64) async throws -> Response {
    let blocks = try await BlobDigests.blocks(to: end, of: blob)
    return .json([
      "algorithm": "sha-256", "blockBytes": .count(BlobDigests.blockBytes), "offset": .integer(end),
      "blocks": .array(blocks.map { .string($0.hex) }),
    ])
  }

  static func match(_ digest: Digest) -> Response {
    .json(["match": true, "digest": .string(digest.hex)])
  }

  /// The digest a verify request declares: its `Repr-Digest`, else the `digest` of its body.
  static func declared(by request: Request) async throws -> Digest {
    let fields = request.headers[values: .reprDigest]
    guard fields.isEmpty else {
      try await JSONBody.ignore(request)
      return try reprDigest(fields.joined(separator: ","))
    }
    return try await JSONBody.decode(DeclaredDigest.self, from: request).digest
  }

  /// The SHA-256 among the members of a `Repr-Digest` field (RFC 9530 §3).
  package static func reprDigest(_ field: String) throws(ProblemError) -> Digest {
    for member in field.split(separator: ",") {
      let member = member.drop { $0 == " " || $0 == "\t" }
      guard member.hasPrefix("sha-256=") else { continue }
      let value = member.dropFirst("sha-256=".count).prefix { $0 != ";" && $0 != " " }
      if value.count >= 2, value.hasPrefix(":"), value.hasSuffix(":"),
        let bytes = Base64.decode(value.dropFirst().dropLast()), let digest = Digest(bytes: bytes)
      {
        return digest
      }
    }
    throw ProblemError(
      .badHeader, detail: "Repr-Digest \(quoted(field)) has no sha-256=:…: of 32 bytes",
      members: ["field": .text("Repr-Digest")])
  }
}

/// The body of a verify request.
struct DeclaredDigest: Decodable, Sendable {
  let digest: Digest

  init(from decoder: any Decoder) throws {
    let reader = try FieldReader(decoder, fields: ["digest"])
    let text: String = try reader.required("digest")
    guard let digest = Digest(hex: text) else {
      throw FieldReader.flaw(
        "digest", "digest is \(quoted(text)); it must be the 64 hexadecimal digits of a SHA-256")
    }
    self.digest = digest
  }
}
