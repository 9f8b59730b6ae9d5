import Foundation
import TestSupport
import Testing

/// The table of requirements against the names of the tests.
@Suite struct RequirementTests {
  @Test("every number of a requirement has exactly one row, in order")
  func rows() throws {
    #expect(try RequirementTable.read().rows.map(\.number) == RequirementTable.numbers)
  }

  @Test("a requirement that is said to be tested is in the name of a test, and the other way round")
  func tested() throws {
    let suites = try RequirementTable.suites()
    let rows = try RequirementTable.read().rows
    let promised = Set(rows.filter { $0.status == RequirementTable.tested }.map(\.number))
    let untested = promised.subtracting(suites.keys).sorted()
    #expect(untested.isEmpty, "no test carries these")
    let excused = Set(rows.map(\.number)).subtracting(promised).intersection(suites.keys).sorted()
    #expect(excused.isEmpty, "tests carry these, but their rows do not say \(RequirementTable.tested)")
    let unknown = Set(suites.keys).subtracting(RequirementTable.numbers)
    #expect(unknown.isEmpty, "tests name numbers that are none: \(unknown.sorted())")
  }

  @Test("the table names the suites of each requirement's tests")
  func column() throws {
    let table = try RequirementTable.read()
    let text = table.written(with: try RequirementTable.suites())
    if ProcessInfo.processInfo.environment["TEST_WRITE_DOCUMENTS"] == "1" {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(repositoryRoot)/\(RequirementTable.path)"))
    } else {
      let isCurrent = text == table.text
      #expect(
        isCurrent,
        "\(RequirementTable.path) is out of date: TEST_WRITE_DOCUMENTS=1 swift test --filter RequirementTests"
      )
    }
  }

  @Test("numbers are read from names, and an invariant's number is not a requirement's")
  func reading() {
    #expect(RequirementTable.numbers(in: "T-21 T-22 a thing (B-3, MUST-5, R-5x)") == ["T-21", "T-22", "B-3"])
  }
}

/// The tables of requirements in `docs/protocol.md`.
struct RequirementTable {
  struct Row: Sendable {
    let number: String
    let status: String
  }

  static let path = "docs/protocol.md"
  static let tested = "tested"
  let text: String
  let rows: [Row]

  /// All there are.
  static let numbers: [String] =
    [1...25, 40...43, 50...55, 60...63, 70...79].joined().map { "T-\($0)" }
    + [1...6, 10...23, 30...38, 40...50, 60...62].joined().map { "R-\($0)" }
    + [1...17, 20...35].joined().map { "B-\($0)" }
    + (1...18).map { "J-\($0)" }

  static func read() throws -> RequirementTable {
    let text = try Repository.file(path).text
    return RequirementTable(text: text, rows: text.split(separator: "\n").compactMap { cells($0) })
  }

  private static func cells(_ line: Substring) -> Row? {
    let cells = line.split(separator: "|", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    guard cells.count == 6, numbers(in: cells[1]) == [cells[1]] else { return nil }
    return Row(number: cells[1], status: cells[3])
  }

  /// The text with the last column made of these suites.
  func written(with suites: [String: Set<String>]) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      guard let row = Self.cells(line) else { return String(line) }
      let names = (suites[row.number] ?? []).sorted().joined(separator: ", ")
      let kept = line.split(separator: "|", omittingEmptySubsequences: false)[..<4].joined(separator: "|")
      return "\(kept)| \(names)\(names.isEmpty ? "" : " ")|"
    }.joined(separator: "\n")
  }

  /// For each number, the files of tests that have it in a name.
  static func suites() throws -> [String: Set<String>] {
    var result: [String: Set<String>] = [:]
    func add(_ file: Repository.File, _ names: [Substring]) {
      let suite = file.name.replacing(/\.(swift|json)$/, with: "")
      for number in names.flatMap({ numbers(in: $0) }) { result[number, default: []].insert(suite) }
    }
    for file in try Repository.files(below: "Tests", ending: ".swift") {
      add(file, file.text.matches(of: /@(?:Test|Suite)\(\s*"((?:[^"\\]|\\.)*)"/).map(\.output.1))
    }
    for file in try Repository.files(below: "Tests/UploadProtocolTests/Vectors", ending: ".json") {
      add(file, file.text.matches(of: /"name":\s*"((?:[^"\\]|\\.)*)"/).map(\.output.1))
    }
    for file in try Repository.files(below: "js/test", ending: ".js") {
      add(file, file.text.matches(of: /\b(?:test|it|describe)\(\s*["'`]([^"'`]*)["'`]/).map(\.output.1))
    }
    return result
  }

  static func numbers(in name: some StringProtocol) -> [String] {
    String(name).matches(of: /\b([A-Z]+)-([0-9]+)\b/).filter {
      "TRBJ".contains($0.output.1) && $0.output.1.count == 1
    }
    .map { String($0.output.0) }
  }
}
