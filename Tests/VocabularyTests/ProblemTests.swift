import Foundation
import TestSupport
import Testing
import Vocabulary

@Suite struct ProblemTests {
  @Test("every problem has the status of an error", arguments: Problem.allCases)
  func status(problem: Problem) { #expect((400...599).contains(problem.status)) }

  @Test("codes are unique, stable words")
  func codes() {
    let codes = Problem.allCases.map(\.code)
    #expect(Set(codes).count == codes.count)
    for code in codes {
      #expect(
        !code.isEmpty
          && code.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == 0x2d })
    }
  }

  @Test("titles are unique and fit on a line", arguments: Problem.allCases)
  func titles(problem: Problem) {
    #expect(Problem.allCases.filter { $0.title == problem.title } == [problem])
    #expect((5...60).contains(problem.title.utf8.count))
    #expect(!problem.title.hasSuffix("."))
  }

  @Test("the problems of tus have the statuses of its specification")
  func tusStatuses() {
    #expect(Problem.checksumMismatch.status == 460)
    #expect(Problem.offsetMismatch.status == 409)
    #expect(Problem.unsupportedVersion.status == 412)
    #expect(Problem.unsupportedMediaType.status == 415)
    #expect(Problem.tooLarge.status == 413)
    #expect(Problem.gone.status == 410)
    #expect(Problem.unsupportedChecksum.status == 400)
    #expect(Problem.allCases.allSatisfy { $0.status != 423 })
  }

  @Test("every problem has one sentence on what to do", arguments: Problem.allCases)
  func remedies(problem: Problem) {
    #expect(problem.remedy.hasSuffix(".") && problem.remedy.utf8.count > 10)
    #expect(problem.remedy.utf8.count { $0 == UInt8(ascii: "`") }.isMultiple(of: 2))
    #expect(!problem.remedy.contains("|") && !problem.remedy.contains("\n"))
  }

  @Test("docs/problems.md is the table; TEST_WRITE_DOCUMENTS=1 writes it")
  func document() throws {
    let url = URL(fileURLWithPath: repositoryRoot + "/docs/problems.md")
    let wanted = ProblemsDocument.markdown
    if ProcessInfo.processInfo.environment["TEST_WRITE_DOCUMENTS"] == "1" {
      try wanted.write(to: url, atomically: true, encoding: .utf8)
    }
    let text = try String(contentsOf: url, encoding: .utf8)
    #expect(text == wanted, "docs/problems.md should be:\n\(wanted)")
  }

  @Test("an error tells its code and what a person needs to know")
  func description() {
    let error = ProblemError(.badPath, detail: "path \"..\" is bad", members: ["path": .text("..")])
    #expect("\(error)" == "bad-path: path \"..\" is bad")
  }
}

/// docs/problems.md, rendered from the table.
private enum ProblemsDocument {
  static var markdown: String {
    """
    # Problems

    <!-- Generated from Sources/Vocabulary/Problem.swift: TEST_WRITE_DOCUMENTS=1 swift test --filter ProblemTests -->

    Every error of the HTTP surface is a problem document (RFC 9457, `application/problem+json`) whose `code` is one of these:

        {"type","title","status","detail","code","retryable","request-id"}

    and further members where they help: `instance`, `field`, `path`, `missing`, `problems`, … `type` is the URI of the row below, as
    `/problems/{code}`, which the server answers itself (`GET /problems` has the whole table, as JSON or as a page); `offset-mismatch`
    has the type that IANA registered. `retryable` says whether the same request may succeed later without a change by the client.
    `request-id` is the `X-Request-ID` of the response and of the server's log line. The answer to a HEAD request has no document; its
    field `Upload-Error` is the code. Requests below `/ui` get a page instead, with the same words.

    | code | status | retryable | title | what to do |
    |---|---|---|---|---|

    """ + Problem.allCases.map(row).joined()
  }

  private static func row(_ problem: Problem) -> String {
    "| `\(problem.code)` | \(problem.status) | \(problem.retryable ? "yes" : "no") | \(problem.title) | \(problem.remedy) |\n"
  }
}
