import Catalog
import Vocabulary

/// The filters of a list of pushes in a query, the same for API and page.
enum PushFilterQuery {
  /// - Throws: `ProblemError` with `bad-request` or `bad-name` that names the parameter.
  static func filter(_ value: (String) -> String?) throws(ProblemError) -> PushFilter {
    PushFilter(
      status: try word("status", value), state: try word("state", value), repo: try repo(value("repo")),
      label: try label(value("label")), origin: try word("origin", value),
      source: try text("source", value), text: try text("text", value))
  }

  /// The parameters that make the filter again; nil for those it does not have.
  static func parameters(_ filter: PushFilter) -> KeyValuePairs<String, String?> {
    [
      "status": filter.status?.rawValue, "state": filter.state?.rawValue, "repo": filter.repo?.text,
      "label": filter.label?.text, "origin": filter.origin?.rawValue, "source": filter.source,
      "text": filter.text,
    ]
  }

  private static func word<Word: RawRepresentable<String> & CaseIterable>(
    _ name: String, _ value: (String) -> String?
  ) throws(ProblemError) -> Word? {
    guard let text = value(name) else { return nil }
    guard let word = Word(rawValue: text) else {
      let all = Word.allCases.map(\.rawValue).joined(separator: ", ")
      throw ProblemError(
        .badRequest, detail: "\(name) \(quoted(text)) is not one of \(all)", members: ["field": .text(name)])
    }
    return word
  }

  private static func repo(_ text: String?) throws(ProblemError) -> RepoName? {
    guard let text else { return nil }
    return try RepoName(text)
  }

  private static func label(_ text: String?) throws(ProblemError) -> LabelName? {
    guard let text else { return nil }
    return try LabelName(text)
  }

  private static func text(_ name: String, _ value: (String) -> String?) throws(ProblemError) -> String? {
    guard let text = value(name) else { return nil }
    guard (1...PushFilter.maximumTextBytes).contains(text.utf8.count), !text.utf8.contains(0) else {
      throw ProblemError(
        .badRequest,
        detail: "\(name) \(quoted(text)) must have 1 to \(PushFilter.maximumTextBytes) bytes, and no NUL",
        members: ["field": .text(name)])
    }
    return text
  }
}
