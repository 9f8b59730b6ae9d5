import HTTPTypes
import Hummingbird
import Platform
import Pushes
import UploadProtocol
import Uploads
import Vocabulary

/// What a request of many files says beside the files.
struct BatchRequest: Sendable {
  enum Format: Sendable { case tar, frames }
  enum Target: Sendable {
    /// A push that is there, left open.
    case push(PushID)
    /// A push of the request's own, sealed at its end unless it says otherwise.
    case own(PushRequest, seals: Bool)
  }
  static let maximumKeyBytes = 255
  private static let keyName = HTTPField.Name("Idempotency-Key")!
  private static let names: Set = ["push", "repo", "message", "label", "author", "seal"]

  let format: Format
  let target: Target
  let idempotencyKey: String?
  /// Who sends the files into a push that is named.
  let author: String?
  /// Tells this request from another one with the same key.
  let fingerprint: Digest

  /// - Throws: `ProblemError`: `unsupported-media-type`, `bad-header`, `bad-request` or `bad-name`.
  init(_ request: Request) throws(ProblemError) {
    format = try Self.format(of: request)
    target = try Self.target(of: request)
    idempotencyKey = try Self.key(of: request)
    if case .push = target {
      author = try UploadDescription.author(request.uri.queryParameters["author"].map(String.init))
    } else {
      author = nil
    }
    let words = ["POST", request.uri.path, request.uri.query ?? "", request.headers[.contentType] ?? ""]
    fingerprint = SHA256Stream.digest(of: Array(words.joined(separator: "\n").utf8))
  }

  /// Requests with the same one are one request, sent again; nil without an idempotency key.
  var repetitionKey: RepeatedRequests.Key? {
    idempotencyKey.map { RepeatedRequests.Key(text: $0, fingerprint: fingerprint) }
  }

  var parser: any ItemParser<ArchiveEvent> {
    switch format {
    case .tar: TarParser()
    case .frames: FrameParser()
    }
  }

  private static func format(of request: Request) throws(ProblemError) -> Format {
    if let coding = request.headers[.contentEncoding], coding.lowercased() != "identity" {
      throw ProblemError(
        .unsupportedMediaType, detail: "Content-Encoding \(quoted(coding)) is not supported",
        members: ["field": .text("Content-Encoding")])
    }
    let type = try request.headers.mediaType.optional(.contentType)
    switch type {
    case "application/x-tar": return .tar
    case FrameParser.mediaType: return .frames
    default:
      throw ProblemError(
        .unsupportedMediaType,
        detail:
          "Content-Type \(type.map(quoted) ?? "is missing; it") must be application/x-tar or \(FrameParser.mediaType)",
        members: ["field": .text("Content-Type")])
    }
  }

  private static func target(of request: Request) throws(ProblemError) -> Target {
    let parameters = request.uri.queryParameters
    func text(_ name: String) -> String? { parameters[name[...]].map(String.init) }
    for (name, _) in parameters where !names.contains(String(name)) {
      throw flaw(
        String(name), "\(quoted(String(name))) is not one of \(names.sorted().joined(separator: ", "))")
    }
    if let id = text("push") {
      if let other = names.subtracting(["push", "author"]).sorted().first(where: { text($0) != nil }) {
        throw flaw(other, "\(other) belongs to a push of the request's own; it cannot stand beside push")
      }
      guard let push = PushID(id) else { throw flaw("push", "push \(quoted(id)) is not a push id") }
      return .push(push)
    }
    let seals = text("seal") == nil ? true : try request.flag("seal")
    let repo: RepoName = if let name = text("repo") { try RepoName(name) } else { .inbox }
    let label: LabelName? = if let name = text("label") { try LabelName(name) } else { nil }
    let push = PushRequest(
      repo: repo, message: text("message") ?? "files sent together", label: label, author: text("author"))
    return .own(push, seals: seals)
  }

  private static func key(of request: Request) throws(ProblemError) -> String? {
    guard let key = try request.headers.single(keyName).optional(keyName) else { return nil }
    guard (1...maximumKeyBytes).contains(key.utf8.count) else {
      throw ProblemError(
        .badHeader,
        detail: "Idempotency-Key has \(key.utf8.count) bytes; it must have 1 to \(maximumKeyBytes)",
        members: ["field": .text("Idempotency-Key")])
    }
    return key
  }

  private static func flaw(_ name: String, _ detail: String) -> ProblemError {
    ProblemError(.badRequest, detail: detail, members: ["field": .text(name)])
  }
}
