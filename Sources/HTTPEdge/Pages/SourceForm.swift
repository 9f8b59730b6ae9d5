import Hummingbird
import Ingestion
import Vocabulary

/// The form of a source's folder, as browsers send it.
package struct SourceForm: Sendable {
  /// A pasted list of files is what is long in it.
  static let maximumBytes = 16 << 20

  private let form: PageForm

  /// - Throws: `ProblemError` with `bad-request` for what is no `application/x-www-form-urlencoded` text.
  package init(_ text: String) throws(ProblemError) { form = try PageForm(text) }

  /// - Throws: `ProblemError`: `unsupported-media-type`, `too-large`, `bad-request`.
  init(_ request: Request) async throws { form = try await PageForm.read(request, limit: Self.maximumBytes) }

  /// - Throws: `ProblemError` naming the field.
  package func request(source: String) throws(ProblemError) -> IngestRequest {
    let path = form["path"]
    let label = form["label"]
    let factor = form["concurrencyFactor"]
    guard let concurrencyFactor = factor.isEmpty ? IngestRequest.standardConcurrencyFactor : Int(factor)
    else {
      throw ProblemError(
        .badRequest, detail: "concurrencyFactor \(quoted(factor)) is not a number",
        members: ["field": .text("concurrencyFactor")])
    }
    var files = try IngestRequest.paths(inList: form["list"])
    for path in form.values("file") { files.append(try BundlePath(path)) }
    return IngestRequest(
      repo: try RepoName(form["repo"].isEmpty ? form["newRepo"] : form["repo"]), message: form["message"],
      label: label.isEmpty ? nil : try LabelName(label), source: source,
      path: path.isEmpty ? nil : try IngestRequest.path(path), files: files,
      concurrencyFactor: concurrencyFactor, allowsEmpty: !form["allowEmpty"].isEmpty)
  }
}
