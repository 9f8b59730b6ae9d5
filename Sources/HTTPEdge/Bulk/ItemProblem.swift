import UploadProtocol
import Vocabulary

/// A problem as a member of an answer about many items.
enum ItemProblem {
  static func json(_ error: ProblemError) -> JSONValue {
    let problem = error.problem
    var members: [JSONValue.Member] = [
      .init("type", .string(ProblemDocument.type(of: problem))), .init("title", .string(problem.title)),
      .init("status", .count(problem.status)), .init("detail", .string(error.detail)),
      .init("code", .string(problem.code)), .init("retryable", .bool(problem.retryable)),
    ]
    let taken = Set(members.map(\.name))
    for (name, value) in error.members.sorted(by: { $0.key < $1.key }) where !taken.contains(name) {
      members.append(.init(name, json(value)))
    }
    return .object(members)
  }

  private static func json(_ member: ProblemMember) -> JSONValue {
    switch member {
    case .text(let text): .string(text)
    case .integer(let value): .integer(value)
    case .list(let items):
      .array(
        items.map { item in
          .object(item.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
        })
    }
  }

  /// True for what concerns the server as a whole: the items behind would fare no better.
  static func concernsAll(_ problem: Problem) -> Bool { problem.status >= 500 }
}

extension UploadMetadata {
  /// Pairs as a client would have sent them.
  init(_ pairs: KeyValuePairs<String, String?>) {
    let present = pairs.compactMap { key, value in
      value.map { Pair(key: key, value: Array($0.utf8)) }
    }
    let raw = present.map { "\($0.key) \(Base64.encode($0.value))" }.joined(separator: ",")
    self.init(raw: present.isEmpty ? nil : raw, pairs: present)
  }
}
