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

  @Test("docs/problems.md is the table")
  func document() throws {
    let url = URL(fileURLWithPath: repositoryRoot + "/docs/problems.md")
    let text = try String(contentsOf: url, encoding: .utf8)
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
    let wanted = Problem.allCases.map {
      "| `\($0.code)` | \($0.status) | \($0.retryable ? "yes" : "no") | \($0.title) |"
    }
    #expect(rows == wanted, "docs/problems.md should hold:\n\(wanted.joined(separator: "\n"))")
  }

  @Test("an error tells its code and what a person needs to know")
  func description() {
    let error = ProblemError(.badPath, detail: "path \"..\" is bad", members: ["path": .text("..")])
    #expect("\(error)" == "bad-path: path \"..\" is bad")
  }
}
