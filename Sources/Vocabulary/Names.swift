/// The name of a repo: 1…64 of `A-Z a-z 0-9 . _ -`, starting with a letter or digit.
package struct RepoName: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Where uploads without a push go.
  package static let inbox = RepoName(unchecked: "inbox")
  package let text: String

  /// - Throws: `ProblemError` with `bad-name`, naming the field and the value.
  package init(_ text: String) throws(ProblemError) {
    guard isPlainName(text) else {
      throw ProblemError(
        .badName, detail: "repo \(quoted(text)) is not a repo name: \(plainNameRule)",
        members: ["field": .text("repo")])
    }
    self.text = text
  }
  private init(unchecked text: String) { self.text = text }
  package var description: String { text }
  package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// A movable name of a bundle in its repo; same characters as a repo name, but not `latest`.
package struct LabelName: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let text: String

  /// - Throws: `ProblemError` with `bad-name`, naming the field and the value.
  package init(_ text: String) throws(ProblemError) {
    guard isPlainName(text), text != "latest" else {
      let rule = text == "latest" ? "\"latest\" always means the newest bundle" : plainNameRule
      throw ProblemError(
        .badName, detail: "label \(quoted(text)) is not a label: \(rule)", members: ["field": .text("label")])
    }
    self.text = text
  }
  package var description: String { text }
  package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

private let plainNameRule = "use 1 to 64 letters, digits, '.', '_' or '-', starting with a letter or digit"

private func isPlainName(_ text: String) -> Bool {
  let bytes = Array(text.utf8)
  func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
  guard (1...64).contains(bytes.count), isAlphanumeric(bytes[0]) else { return false }
  return bytes.allSatisfy {
    isAlphanumeric($0) || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains($0)
  }
}
