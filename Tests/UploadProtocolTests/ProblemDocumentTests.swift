import Foundation
import Testing
import UploadProtocol
import Vocabulary

@Suite("Problem documents")
struct ProblemDocumentTests {
  private func decode(_ document: ProblemDocument) throws -> JSONValue {
    try JSONDecoder().decode(JSONValue.self, from: Data(document.json))
  }

  @Test("every row of the table has all members of RFC 9457 and ours", arguments: Problem.allCases)
  func everyRow(problem: Problem) throws {
    let json = try decode(ProblemDocument(ProblemError(problem, detail: "it is so"), requestID: "r-1"))
    #expect(
      json
        == .object([
          "type": .text(ProblemDocument.type(of: problem)), "title": .text(problem.title),
          "status": .integer(Int64(problem.status)), "detail": .text("it is so"), "code": .text(problem.code),
          "retryable": .bool(problem.retryable), "request-id": .text("r-1"),
        ]))
  }

  @Test("the type is ours, or the one IANA has registered")
  func types() {
    #expect(ProblemDocument.type(of: .badHeader) == "/problems/bad-header")
    #expect(
      ProblemDocument.type(of: .offsetMismatch)
        == "https://iana.org/assignments/http-problem-types#mismatching-upload-offset")
  }

  @Test("members of every kind are written by their names")
  func members() throws {
    let error = ProblemError(
      .pushIncomplete, detail: "two files are missing",
      members: [
        "expected-offset": .integer(.max), "path": .text("a/\"b\"\\c\n\u{0}é\u{1f600}"),
        "missing": .list([["path": "a", "reason": "absent"], [:]]), "none": .list([]),
      ])
    let json = try decode(ProblemDocument(error, requestID: "r\"1", instance: "/files/x"))
    #expect(json["instance"] == .text("/files/x"))
    #expect(json["request-id"] == .text("r\"1"))
    #expect(json["expected-offset"] == .integer(.max))
    #expect(json["path"] == .text("a/\"b\"\\c\n\u{0}é\u{1f600}"))
    #expect(
      json["missing"] == .list([.object(["path": .text("a"), "reason": .text("absent")]), .object([:])]))
    #expect(json["none"] == .list([]))
  }

  @Test("a member cannot replace what the document itself says")
  func takenNames() throws {
    let error = ProblemError(.gone, detail: "it is so", members: ["status": .integer(200)])
    let document = ProblemDocument(error, requestID: "r-1")
    #expect(String(decoding: document.json, as: UTF8.self).components(separatedBy: "\"status\"").count == 2)
    #expect(try decode(document)["status"] == .integer(410))
  }

  @Test("any text can be told", arguments: 0..<20 as Range<UInt64>)
  func randomText(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<100 {
      let text = String(decoding: random.bytes(upTo: 60), as: UTF8.self)
      let json = try decode(ProblemDocument(ProblemError(.badPath, detail: text), requestID: text))
      #expect(json["detail"] == .text(text))
      #expect(json["request-id"] == .text(text))
    }
  }
}
