import Catalog
import Ingestion
import Pushes
import Vocabulary

/// The body that opens a push.
package struct PushFields: Decodable, Sendable {
  package let request: PushRequest
  /// Where the server takes the files from by itself.
  package let ingest: IngestRequest?

  package init(from decoder: any Decoder) throws {
    let reader = try FieldReader(
      decoder,
      fields: [
        "repo", "message", "label", "author", "sealWhenComplete", "files", "conflicts", "source",
        "concurrencyFactor", "allowEmpty",
      ])
    let files: [FileFields]? = try reader.optional("files")
    request = PushRequest(
      repo: try RepoName(reader.required("repo")), message: try reader.required("message"),
      label: try reader.optional("label").map { (label: String) in try LabelName(label) },
      author: try reader.optional("author"),
      sealWhenComplete: try reader.optional("sealWhenComplete") ?? false, files: files?.map(\.file),
      conflicts: try Self.policy(reader.optional("conflicts")),
      allowsEmpty: try reader.optional("allowEmpty") ?? false)
    ingest = try Self.ingest(request, reader)
  }
}

extension PushFields {
  private static func policy(_ text: String?) throws -> ConflictPolicy {
    guard let text else { return .refuse }
    guard let policy = ConflictPolicy(rawValue: text) else {
      let all = ConflictPolicy.allCases.map(\.rawValue).joined(separator: ", ")
      throw FieldReader.flaw("conflicts", "conflicts is \(quoted(text)); it must be one of \(all)")
    }
    return policy
  }

  private static func ingest(_ request: PushRequest, _ reader: FieldReader) throws -> IngestRequest? {
    let factor: Int64? = try reader.optional("concurrencyFactor")
    guard let source: SourceFields = try reader.optional("source") else {
      guard factor == nil else {
        throw FieldReader.flaw(
          "concurrencyFactor", "concurrencyFactor is only for a push of a source; leave it out, or name one")
      }
      return nil
    }
    guard request.files == nil, !request.sealWhenComplete else {
      let field = request.files == nil ? "sealWhenComplete" : "files"
      throw FieldReader.flaw(
        field, "\(field) does not go with source; source.files names what of the folder is pushed")
    }
    return IngestRequest(
      repo: request.repo, message: request.message, label: request.label, author: request.author,
      source: source.name, path: source.path, files: source.files,
      concurrencyFactor: factor.map { Int(clamping: $0) } ?? IngestRequest.standardConcurrencyFactor,
      allowsEmpty: request.allowsEmpty)
  }
}

/// One of its files.
struct FileFields: Decodable, Sendable {
  let file: ExpectedFile

  init(from decoder: any Decoder) throws {
    let reader = try FieldReader(decoder, fields: ["path", "size", "sha256"])
    let path = try BundlePath(reader.required("path"))
    let size: Int64 = try reader.required("size")
    let text: String? = try reader.optional("sha256")
    let digest = text.flatMap { Digest(hex: $0) }
    if let text, digest == nil {
      let name = reader.name("sha256")
      throw FieldReader.flaw(name, "\(name) is \(quoted(text)); it must be 64 hexadecimal digits")
    }
    file = ExpectedFile(path: path, size: size, digest: digest)
  }
}
