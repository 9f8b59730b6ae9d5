import Catalog
import Pushes
import Vocabulary

/// The body that opens a push.
package struct PushFields: Decodable, Sendable {
  package let request: PushRequest

  package init(from decoder: any Decoder) throws {
    let reader = try FieldReader(
      decoder, fields: ["repo", "message", "label", "author", "sealWhenComplete", "files", "conflicts"])
    let files: [FileFields]? = try reader.optional("files")
    request = PushRequest(
      repo: try RepoName(reader.required("repo")), message: try reader.required("message"),
      label: try reader.optional("label").map { (label: String) in try LabelName(label) },
      author: try reader.optional("author"),
      sealWhenComplete: try reader.optional("sealWhenComplete") ?? false, files: files?.map(\.file),
      conflicts: try Self.policy(reader.optional("conflicts")))
  }

  private static func policy(_ text: String?) throws -> ConflictPolicy {
    guard let text else { return .refuse }
    guard let policy = ConflictPolicy(rawValue: text) else {
      let all = ConflictPolicy.allCases.map(\.rawValue).joined(separator: ", ")
      throw FieldReader.flaw("conflicts", "conflicts is \(quoted(text)); it must be one of \(all)")
    }
    return policy
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
