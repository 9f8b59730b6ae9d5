import HTTPTypes
import Hummingbird
import Ingestion
import NIOCore
import Vocabulary

/// The form of a source's folder, as browsers send it.
package struct SourceForm: Sendable {
  /// A pasted list of files is what is long in it.
  static let maximumBytes = 16 << 20

  private let fields: [(name: String, value: String)]

  /// - Throws: `ProblemError` with `bad-request` for what is no `application/x-www-form-urlencoded` text.
  package init(_ text: String) throws(ProblemError) {
    var fields: [(String, String)] = []
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(parts[0]), let value = parts.count == 2 ? Self.decoded(parts[1]) : ""
      else { throw ProblemError(.badRequest, detail: "the form is not percent-encoded UTF-8") }
      fields.append((name, value))
    }
    self.fields = fields
  }

  /// - Throws: `ProblemError`: `unsupported-media-type`, `too-large`, `bad-request`.
  static func read(_ request: Request) async throws -> SourceForm {
    guard request.headers[.contentType]?.lowercased().hasPrefix("application/x-www-form-urlencoded") == true
    else {
      throw ProblemError(
        .unsupportedMediaType, detail: "Content-Type must be application/x-www-form-urlencoded",
        members: ["field": .text("Content-Type")])
    }
    let content: ByteBuffer
    do { content = try await request.body.collect(upTo: maximumBytes) } catch is NIOTooManyBytesError {
      throw ProblemError(
        .tooLarge, detail: "the form has more than \(maximumBytes) bytes; use the API for longer lists")
    }
    return try SourceForm(String(buffer: content))
  }

  /// - Throws: `ProblemError` naming the field.
  package func request(source: String) throws(ProblemError) -> IngestRequest {
    let path = self["path"]
    let label = self["label"]
    let factor = self["concurrencyFactor"]
    guard let concurrencyFactor = factor.isEmpty ? IngestRequest.standardConcurrencyFactor : Int(factor)
    else {
      throw ProblemError(
        .badRequest, detail: "concurrencyFactor \(quoted(factor)) is not a number",
        members: ["field": .text("concurrencyFactor")])
    }
    var files = try IngestRequest.paths(inList: self["list"])
    for field in fields where field.name == "file" { files.append(try BundlePath(field.value)) }
    return IngestRequest(
      repo: try RepoName(self["repo"].isEmpty ? self["newRepo"] : self["repo"]), message: self["message"],
      label: label.isEmpty ? nil : try LabelName(label), source: source,
      path: path.isEmpty ? nil : try IngestRequest.path(path), files: files,
      concurrencyFactor: concurrencyFactor)
  }

  /// The first value, empty when there is none.
  private subscript(_ name: String) -> String { fields.first { $0.name == name }?.value ?? "" }

  private static func decoded(_ text: Substring) -> String? {
    PageLinks.decoded(text.replacing("+", with: " "))
  }
}
