import Bundles
import Catalog
import HTTPTypes
import Hummingbird
import Platform
import Uploads
import Vocabulary

/// `POST /files/lookup` and `POST /files/claim`: files that the push's repo has need not be sent (docs/decisions/0016).
struct LookupRoutes: Sendable {
  private static let bodyLimit = 8 << 20
  private let services: GatewayServices
  private let challenges: PossessionChallenges

  init(services: GatewayServices) {
    self.services = services
    challenges = PossessionChallenges(clock: services.clock, entropy: services.entropy)
  }

  func add(to router: Router<GatewayContext>) {
    router.post("/files/lookup") { request, _ in try await lookUp(request) }
    router.post("/files/claim") { request, context in try await claim(request, context) }
  }

  private func lookUp(_ request: Request) async throws -> Response {
    let fields = try await JSONBody.decode(LookupFields.self, from: request, limit: Self.bodyLimit)
    try await awaitIndex(of: fields.push)
    let known = try await services.uploads.known(
      fields.files.map { ($0.digest, $0.size) }, to: fields.push)
    let (challenge, expiresAt) = challenges.issue(for: fields.push)
    return .json([
      "challenge": .string(challenge), "expiresAt": .time(expiresAt),
      "items": .array(
        fields.files.map { file in
          ["path": .string(file.path.text), "known": .bool(known.contains(file.digest))]
        }),
    ])
  }

  /// Files of a bundle that was made a moment ago are to be found too; a long index is not waited for to its end.
  private func awaitIndex(of push: PushID) async throws {
    _ = try await GatewayServices.settled {
      let isBehind = try await services.catalog.read { reader in
        guard let repo = try reader.push(push)?.repo else { return false }
        return try reader.unindexedBundle(of: repo) != nil
      }
      if isBehind { services.wakeIndexer() }
      return isBehind
    } isSettling: {
      $0
    }
  }

  private func claim(_ request: Request, _ context: GatewayContext) async throws -> Response {
    let fields = try await JSONBody.decode(ClaimFields.self, from: request, limit: Self.bodyLimit)
    try challenges.check(fields.challenge, for: fields.push)
    let outcomes = try await services.uploads.claimMany(
      fields.files, challenge: fields.challenge, author: fields.author, in: fields.push,
      client: services.client(of: request, context))
    var counts: [BatchResult.Status: Int64] = [:]
    var items: [JSONValue] = []
    for (file, outcome) in zip(fields.files, outcomes) {
      let result = Self.result(of: file, outcome)
      counts[result.status, default: 0] += 1
      items.append(result.json)
    }
    return .json([
      "stored": .integer(counts[.stored] ?? 0), "exists": .integer(counts[.exists] ?? 0),
      "superseded": .integer(counts[.superseded] ?? 0), "refused": .integer(counts[.refused] ?? 0),
      "items": .array(items),
    ])
  }

  private static func result(of file: ClaimedFile, _ outcome: WholeFileOutcome) -> BatchResult {
    switch outcome {
    case .stored(let view): .stored(file.path, view)
    case .exists(let view): .exists(file.path, view)
    case .superseded(let view): .superseded(file.path, view)
    case .refused(let problem): .refused(file.path.text, problem)
    case .unfinished:
      .refused(
        file.path.text,
        ProblemError(
          .notFinished, detail: "an unfinished upload has the path \(quoted(file.path.text))",
          members: ["path": .text(file.path.text)]))
    }
  }
}

/// The body of a lookup.
package struct LookupFields: Decodable, Sendable {
  /// Of one request.
  package static let maximumFiles = 1000
  let push: PushID
  let files: [LookedUpFile]

  package init(from decoder: any Decoder) throws {
    let reader = try FieldReader(decoder, fields: ["push", "files"])
    push = try reader.push()
    files = try reader.required("files")
    try Self.check(files.map(\.path))
  }

  static func check(_ paths: [BundlePath]) throws {
    guard (1...maximumFiles).contains(paths.count) else {
      throw FieldReader.flaw(
        "files", "files has \(paths.count) items; it must have 1 to \(maximumFiles)")
    }
    var seen: Set<BundlePath> = []
    if let twice = paths.first(where: { !seen.insert($0).inserted }) {
      throw FieldReader.flaw("files", "files has the path \(quoted(twice.text)) twice")
    }
  }
}

/// One of its files.
struct LookedUpFile: Decodable, Sendable {
  let path: BundlePath
  let size: Int64
  let digest: Digest

  init(from decoder: any Decoder) throws {
    let reader = try FieldReader(decoder, fields: ["path", "size", "sha256"])
    path = try BundlePath(reader.required("path"))
    size = try reader.size()
    digest = try reader.digest("sha256")
  }
}

/// The body of a claim.
package struct ClaimFields: Decodable, Sendable {
  let push: PushID
  let challenge: String
  let author: String?
  let files: [ClaimedFile]

  package init(from decoder: any Decoder) throws {
    let reader = try FieldReader(decoder, fields: ["push", "challenge", "author", "files"])
    push = try reader.push()
    challenge = try reader.required("challenge")
    author = try UploadDescription.author(reader.optional("author"))
    let fields: [ClaimedFileFields] = try reader.required("files")
    files = fields.map(\.file)
    try LookupFields.check(files.map(\.path))
  }
}

private struct ClaimedFileFields: Decodable, Sendable {
  let file: ClaimedFile

  init(from decoder: any Decoder) throws {
    let reader = try FieldReader(
      decoder, fields: ["path", "size", "sha256", "mtime", "mode", "proof"])
    // Read as an upload's metadata is, with the same errors.
    let description = try UploadDescription(
      UploadMetadata(["mtime": reader.optional("mtime"), "mode": reader.optional("mode")]))
    file = ClaimedFile(
      path: try BundlePath(reader.required("path")), size: try reader.size(),
      digest: try reader.digest("sha256"), modifiedAt: description.modifiedAt, mode: description.mode,
      proof: try reader.digest("proof").bytes)
  }
}

extension FieldReader {
  fileprivate func push() throws -> PushID {
    let text: String = try required("push")
    guard let id = PushID(text) else {
      throw Self.flaw(name("push"), "\(name("push")) is \(quoted(text)); it must be the id of a push")
    }
    return id
  }

  fileprivate func size() throws -> Int64 {
    let size: Int64 = try required("size")
    guard size >= 0 else {
      throw Self.flaw(name("size"), "\(name("size")) is \(size); it must not be negative")
    }
    return size
  }

  fileprivate func digest(_ field: String) throws -> Digest {
    let text: String = try required(field)
    guard let digest = Digest(hex: text) else {
      throw Self.flaw(name(field), "\(name(field)) is \(quoted(text)); it must be 64 hexadecimal digits")
    }
    return digest
  }
}
