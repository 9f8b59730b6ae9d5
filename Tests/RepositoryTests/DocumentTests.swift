import Foundation
import TestSupport
import Testing

@Suite struct DocumentTests {
  @Test("every relative link of a document leads to a file")
  func links() throws {
    var documents = try Repository.files(below: "docs", ending: ".md")
    if Repository.exists("README.md") { documents.append(try Repository.file("README.md")) }
    #expect(!documents.isEmpty)
    for document in documents {
      let folder = document.path.split(separator: "/").dropLast().joined(separator: "/")
      for match in document.text.matches(of: /\]\(([^()\s]+)\)/) {
        let target = match.output.1.prefix { $0 != "#" }
        guard !target.isEmpty, !target.contains("://"), !target.hasPrefix("mailto:") else { continue }
        let path = NSString(string: folder.isEmpty ? String(target) : "\(folder)/\(target)").standardizingPath
        #expect(Repository.exists(path), "\(document.path) links to \(target)")
      }
    }
  }

  @Test("every invariant of the storage format that is built so far is the law of some test")
  func invariants() throws {
    let missing = Set(1...5).subtracting(try numbers(of: "MUST"))
    #expect(
      missing.isEmpty, "no test carries \(missing.sorted().map { "MUST-\($0)" }.joined(separator: ", "))")
  }

  /// Numbers of the requirements of this letter in the names of all tests.
  private func numbers(of letter: String) throws -> Set<Int> {
    let names =
      try Repository.files(below: "Tests", ending: ".swift").flatMap { file in
        file.text.matches(of: /@(?:Test|Suite)\(\s*"((?:[^"\\]|\\.)*)"/).map { String($0.output.1) }
      }
      + Repository.files(below: "js/test", ending: ".js").flatMap { file in
        file.text.matches(of: /\b(?:test|it|describe)\(\s*["'`]([^"'`]*)["'`]/).map { String($0.output.1) }
      }
    return Set(
      names.flatMap { name in
        name.matches(of: /\b([A-Z]+)-([0-9]+)\b/).filter { $0.output.1 == letter }.compactMap {
          Int($0.output.2)
        }
      })
  }
}
