import Ingestion
import Vocabulary

extension SourceFields: FieldValue { static var noun: String { "an object with name, path and files" } }

/// `source` in the body that opens a push: the folder of a source, and what of it.
struct SourceFields: Decodable, Sendable {
  let name: String
  let path: BundlePath?
  let files: [BundlePath]

  init(from decoder: any Decoder) throws {
    let reader = try FieldReader(decoder, fields: ["name", "path", "files"])
    name = try reader.required("name")
    let path: String? = try reader.optional("path")
    self.path = try path.flatMap { $0.isEmpty ? nil : try IngestRequest.path($0) }
    let files: PathList? = try reader.optional("files")
    self.files = try files?.texts.map { try IngestRequest.path($0) } ?? []
    if let files, files.texts.isEmpty {
      throw FieldReader.flaw(
        reader.name("files"), "\(reader.name("files")) is empty; leave it out to push the whole folder")
    }
  }
}
