import Catalog
import Foundation
import HTTPEdge
import Pushes
import Vocabulary

/// The input is the body of a request that opens a push, makes a repo, or is about what is there already.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkJSONFields(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let content = Data(FuzzInput(start, count).bytes)
  if let fields = decode(PushFields.self, content) { check(fields.request, content) }
  _ = decode(LookupFields.self, content)
  _ = decode(ClaimFields.self, content)
  _ = decode(CopyFields.self, content)
  if let fields = decode(RepoFields.self, content) {
    let members = object(content)
    precondition(isSame(members?["name"]?.text, fields.name.text), "a repo has the name that was sent")
    precondition(isSame(members?["description"]?.text, fields.description))
    precondition((fields.description?.utf8.count ?? 0) <= 4096)
  }
  return 0
}

/// Nothing but these two kinds of errors is thrown: any other would be answered as our fault.
private func decode<Value: Decodable>(_ type: Value.Type, _ content: Data) -> Value? {
  do {
    return try JSONDecoder().decode(type, from: content)
  } catch let error as ProblemError {
    precondition(error.problem.status == 400 && !error.detail.isEmpty, "a flaw is the sender's")
    precondition(!error.detail.utf8.contains { $0 < 0x20 || $0 == 0x7f }, "nothing controls")
    return nil
  } catch is DecodingError {
    return nil
  } catch {
    preconditionFailure("a body is refused in our words: \(error)")
  }
}

private func check(_ push: PushRequest, _ content: Data) {
  guard let members = object(content) else { preconditionFailure("what is taken is a JSON object") }
  precondition(isSame(members["repo"]?.text, push.repo.text))
  precondition(isSame(members["message"]?.text, push.message))
  precondition(isSame(members["label"]?.text, push.label?.text))
  precondition(isSame(members["author"]?.text, push.author))
  let files = members["files"]?.list
  precondition(files?.count == push.files?.count, "no file is dropped")
  for (sent, file) in zip(files ?? [], push.files ?? []) {
    precondition(isSame(sent.object?["path"]?.text, file.path.text))
    precondition(sent.object?["sha256"]?.text?.lowercased() == file.digest?.hex, "no digest is dropped")
  }
}

private func isSame(_ left: String?, _ right: String?) -> Bool {
  left.map { Array($0.utf8) } == right.map { Array($0.utf8) }
}

/// The members by the same reader of JSON: which of two of one name counts is its choice.
private func object(_ content: Data) -> [String: Node]? {
  try? JSONDecoder().decode([String: Node].self, from: content)
}

private enum Node: Decodable {
  case text(String)
  case list([Node])
  case object([String: Node])
  case other

  init(from decoder: any Decoder) throws {
    if let value = try? String(from: decoder) {
      self = .text(value)
    } else if let value = try? [Node](from: decoder) {
      self = .list(value)
    } else if let value = try? [String: Node](from: decoder) {
      self = .object(value)
    } else {
      self = .other
    }
  }

  var text: String? {
    if case .text(let value) = self { value } else { nil }
  }
  var list: [Node]? {
    if case .list(let value) = self { value } else { nil }
  }
  var object: [String: Node]? {
    if case .object(let value) = self { value } else { nil }
  }
}
