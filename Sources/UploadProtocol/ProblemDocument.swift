import Vocabulary

/// A problem as an RFC 9457 document.
package struct ProblemDocument: Sendable {
  package static let mediaType = "application/problem+json"

  /// The document as UTF-8 JSON.
  package let json: [UInt8]

  /// Makes the document of an error; `instance` is the path of the resource it is about.
  ///
  /// Members of the error follow the document's own, by name; one that has the name of those is left out.
  package init(_ error: ProblemError, requestID: String, instance: String? = nil) {
    let problem = error.problem
    var members = [
      ("type", JSONText.string(Self.type(of: problem))),
      ("title", JSONText.string(problem.title)),
      ("status", String(problem.status)),
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

  /// The URI that names the problem: one of the IANA registry if it has the problem, else ours.
  package static func type(of problem: Problem) -> String {
    switch problem {
    case .offsetMismatch: "https://iana.org/assignments/http-problem-types#mismatching-upload-offset"
    default: "/problems/\(problem.code)"
    }
  }
}

/// JSON text of the few kinds of values a problem has; this target imports no Foundation.
private enum JSONText {
  static func string(_ value: String) -> String {
    var text = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"", "\\": text += "\\\(scalar)"
      case "\u{0}"..."\u{1f}": text += "\\u00" + Hexadecimal.encode([UInt8(scalar.value)])
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }

  static func object(_ members: [(String, String)]) -> String {
    "{" + members.map { string($0.0) + ":" + $0.1 }.joined(separator: ",") + "}"
  }

  static func member(_ member: ProblemMember) -> String {
    switch member {
    case .text(let value): string(value)
    case .integer(let value): String(value)
    case .list(let items):
      "["
        + items.map { item in
          object(item.sorted { $0.key < $1.key }.map { ($0.key, string($0.value)) })
        }.joined(separator: ",") + "]"
    }
  }
}
