import Vocabulary

/// `REPO@REF`: a bundle as a person names it.
package struct BundleAddress: Sendable, Equatable, CustomStringConvertible {
  package let repo: RepoName
  /// A full id, a unique prefix of one, a label, or `latest`.
  package let reference: String

  package struct Flaw: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  package init(repo: RepoName, reference: String) {
    self.repo = repo
    self.reference = reference
  }

  /// Parses `REPO@REF`; the part after `@` has the characters of a name.
  package init(_ text: String) throws(Flaw) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else {
      throw Flaw(description: "\(quoted(text)) is not REPO@REF, such as films@latest")
    }
    do {
      repo = try RepoName(parts[0])
      // A reference is spelled with the characters of a label; `latest` alone is no label.
      if parts[1] != "latest" { _ = try LabelName(parts[1]) }
    } catch {
      throw Flaw(description: "\(quoted(text)) is not REPO@REF: \(error.detail)")
    }
    reference = parts[1]
  }

  package var description: String { "\(repo)@\(reference)" }
}
