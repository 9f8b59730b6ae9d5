import Vocabulary

/// Paths that a regular expression matches somewhere, in the syntax of Swift's `Regex`, by Unicode scalars.
package struct NameFilter: Sendable {
  package static let mostBytes = 1000

  package let pattern: String

  package struct Flaw: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  /// - Throws: `Flaw` for an expression that is too long or does not compile.
  package init(_ pattern: String) throws(Flaw) {
    guard (1...Self.mostBytes).contains(pattern.utf8.count) else {
      throw Flaw(description: "--name-filter must have 1 to \(Self.mostBytes) bytes")
    }
    self.pattern = pattern
    do { _ = try regex() } catch {
      throw Flaw(description: "--name-filter \(quoted(pattern)) is no regular expression: \(error)")
    }
  }

  /// The entries whose paths match, and the others.
  package func split(_ entries: [EntryAnswer]) throws -> (matching: [EntryAnswer], others: [EntryAnswer]) {
    let regex = try regex()
    var (matching, others): ([EntryAnswer], [EntryAnswer]) = ([], [])
    for entry in entries {
      if try regex.firstMatch(in: entry.path) == nil { others.append(entry) } else { matching.append(entry) }
    }
    return (matching, others)
  }

  private func regex() throws -> Regex<AnyRegexOutput> {
    try Regex(pattern).matchingSemantics(.unicodeScalar)
  }
}
