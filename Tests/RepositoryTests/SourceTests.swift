import Foundation
import TestSupport
import Testing

@Suite struct SourceTests {
  /// Words are put together here so that this file does not find itself.
  private static let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]

  private func expectNone(_ word: String, in files: [Repository.File], _ why: String) {
    for file in files {
      for (index, line) in file.lines.enumerated() where line.contains(word) && isWhole(word, in: line) {
        Issue.record("\(file.path):\(index + 1) has \(word): \(why)")
      }
    }
  }

  /// True when the word is not the end of a longer one.
  private func isWhole(_ word: String, in line: Substring) -> Bool {
    line.ranges(of: word).contains { range in
      guard range.lowerBound > line.startIndex else { return true }
      let before = line[line.index(before: range.lowerBound)]
      return !(before.isLetter || before.isNumber || before == "_" || before == ".")
    }
  }

  @Test("an operating error throws, and nothing else ends the process")
  func ending() throws {
    let files = try Repository.files(below: "Sources", "Tests", ending: ".swift")
    expectNone("fatal" + "Error(", in: files, "throw, or use preconditionFailure for what cannot be")
    expectNone("try" + "!", in: files, "let the error through")
  }

  @Test("only the program writes to the terminal")
  func terminal() throws {
    let files = try Repository.files(below: "Sources", ending: ".swift").filter {
      !$0.path.hasPrefix("Sources/sheaf/")
    }
    expectNone("pri" + "nt(", in: files, "use the log")
  }

  @Test("tests see what a package sees, and no more")
  func testable() throws {
    expectNone(
      "@test" + "able", in: try Repository.files(below: "Sources", "Tests", ending: ".swift"),
      "use access level package")
  }

  @Test("no test waits for time to pass, but for those of whole processes")
  func sleeping() throws {
    let files = try Repository.files(below: "Tests", ending: ".swift").filter { file in
      let target = file.path.split(separator: "/")[1]
      return target.hasSuffix("Tests") && !["EndToEndTests", "CrashTests"].contains(target)
    }
    for word in ["Task.sl" + "eep", "sl" + "eep(", "usl" + "eep("] {
      expectNone(word, in: files, "wait for what happens")
    }
  }

  @Test("nothing is left to be done later")
  func unfinished() throws {
    let files = try Repository.files(
      below: "Sources", "Tests", "js", "docs", ending: ".swift", ".js", ".md", ".css", ".mustache", ".py",
      ".sh", ".json")
    for file in files {
      for (index, line) in file.lines.enumerated() {
        let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
        for mark in Self.marks where words.contains(Substring(mark)) {
          Issue.record("\(file.path):\(index + 1) has \(mark)")
        }
      }
    }
  }

  @Test("a type that is Sendable by promise says why on the next line")
  func unchecked() throws {
    let promise = "@unch" + "ecked Sendable"
    for file in try Repository.files(below: "Sources", "Tests", ending: ".swift") {
      let lines = file.lines
      for (index, line) in lines.enumerated() where line.contains(promise) {
        let next = index + 1 < lines.count ? lines[index + 1].trimmingCharacters(in: .whitespaces) : ""
        #expect(next.hasPrefix("// Sendable"), "\(file.path):\(index + 1)")
      }
    }
  }

  @Test("no Swift file is longer than 500 lines")
  func length() throws {
    for file in try Repository.files(below: "Sources", "Tests", ending: ".swift") {
      #expect(file.lines.count <= 501, "\(file.path)")
    }
  }

  @Test("no two paths differ only by case")
  func caseOfNames() throws {
    let paths = try ["Sources", "Tests", "js", "docs"].flatMap { try Repository.paths(below: $0) }
    let groups = Dictionary(grouping: paths) { $0.lowercased() }.values.filter { $0.count > 1 }
    #expect(groups.isEmpty)
  }

  @Test("the top level holds what the design says, and dotfiles", .enabled(if: Repository.exists(".git")))
  func topLevel() async throws {
    let result = try await blocking {
      try runProgram("/usr/bin/env", ["git", "-C", repositoryRoot, "ls-files"])
    }
    try #require(result.status == 0, "\(result.errors)")
    let names = Set(
      result.output.split(separator: "\n").compactMap { $0.split(separator: "/").first.map(String.init) })
    let allowed: Set = ["Package.swift", "README.md", "Sources", "Tests", "js", "docs"]
    #expect(names.filter { !$0.hasPrefix(".") }.subtracting(allowed).isEmpty)
  }
}
