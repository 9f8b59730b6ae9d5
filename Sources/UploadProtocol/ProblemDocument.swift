import Vocabulary

/// A problem as an RFC 9457 document.
package struct ProblemDocument: Sendable {
  package static let mediaType = "application/problem+json"

  /// The document as UTF-8 JSON.
  package let json: [UInt8]

  /// Makes the document of an error; `instance` is the path of the resource it is about.
  ///
  /// Members of the error follow the document's own, by name; one that has the name of those is left out.
  /// `status` and `type` are the table's unless a dialect has its own.
  package init(
    _ error: ProblemError, requestID: String, instance: String? = nil, status: Int? = nil, type: String? = nil
  ) {
    let problem = error.problem
    var members = [
      ("type", JSONText.string(type ?? Self.type(of: problem))),
      ("title", JSONText.string(problem.title)),
      ("status", String(status ?? problem.status)),
      ("detail", JSONText.string(error.detail)),
    ]
    if let instance { members.append(("instance", JSONText.string(instance))) }
    members.append(("code", JSONText.string(problem.code)))
    members.append(("retryable", problem.retryable ? "true" : "false"))
    members.append(("request-id", JSONText.string(requestID)))
    let taken = Set(members.map(\.0))
    for (name, value) in error.members.sorted(by: { $0.key < $1.key }) where !taken.contains(name) {
      members.append((name, JSONText.member(value)))
    }
    json = Array(JSONText.object(members).utf8)
  }

  /// The IANA registry of problem types.
  static let registry = "https://iana.org/assignments/http-problem-types"

  /// The URI that names the problem: one of the IANA registry if it has the problem, else ours.
  package static func type(of problem: Problem) -> String {
    switch problem {
    case .offsetMismatch: "\(registry)#mismatching-upload-offset"
    case .completedUpload: "\(registry)#completed-upload"
    default: "/problems/\(problem.code)"
    }
  }
}
