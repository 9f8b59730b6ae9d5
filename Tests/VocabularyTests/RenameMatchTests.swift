import Testing
import Vocabulary

@Suite struct RenameMatchTests {
  private let digest = Digest(bytes: Array(repeating: 1, count: 32))!

  @Test("beyond the number of files or the bytes of their paths nothing is matched, and it says so")
  func limits() throws {
    var match = RenameMatch()
    match.delete(try BundlePath("a"), digest, size: 1)
    match.add(try BundlePath("b"), digest, size: 1)
    #expect(match.renames() == [try BundlePath("b"): try BundlePath("a")])
    for number in 0..<RenameMatch.mostFiles - 2 { match.add(try BundlePath("n\(number)"), digest, size: 1) }
    #expect(match.isWithinLimits && match.renames().count == 1)
    match.add(try BundlePath("one more"), digest, size: 1)
    #expect(!match.isWithinLimits && match.renames().isEmpty)

    var long = RenameMatch()
    let component = String(repeating: "x", count: 250)
    let folder = Array(repeating: component, count: 15).joined(separator: "/")
    for number in 0..<1200 where long.isWithinLimits {
      long.delete(try BundlePath("\(folder)/\(number)"), digest, size: 1)
    }
    #expect(!long.isWithinLimits)
  }

  @Test("empty files take no place")
  func empty() throws {
    var match = RenameMatch()
    for number in 0...RenameMatch.mostFiles { match.add(try BundlePath("\(number)"), digest, size: 0) }
    #expect(match.isWithinLimits && match.renames().isEmpty)
  }
}
