import Vocabulary

/// A folder of this machine and the name it is offered under.
package struct SourceSetting: Hashable, Sendable, CustomStringConvertible {
  package let name: String
  package let path: String

  package init(name: String, path: String) {
    self.name = name
    self.path = path
  }

  /// Parses `NAME=DIR`; `nil` when the name is none that a repo could have, or there is no path.
  init?(_ text: some StringProtocol) {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    let name = String(text[..<equals])
    let path = String(text[text.index(after: equals)...])
    guard (try? RepoName(name)) != nil, !path.isEmpty, !path.hasPrefix("~"), !path.utf8.contains(0) else {
      return nil
    }
    self.init(name: name, path: path)
  }

  package var description: String { "\(name)=\(path)" }
}

extension SettingKind where Value == [SourceSetting] {
  /// A comma-separated list of `NAME=DIR`; empty text is the empty list. In the file also tables of name and path.
  package static var sources: Self {
    Self(
      placeholder: "name=dir",
      expectation:
        "NAME=DIR, several separated by commas; NAME is 1 to 64 letters, digits, '.', '_' or '-', each name once, and DIR a path without a comma; in the file [[source]] with name and path",
      forms: [.string, .list],
      parse: { text in
        if text.isEmpty { return [] }
        var sources: [SourceSetting] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
          guard let source = SourceSetting(item), !sources.contains(where: { $0.name == source.name }) else {
            return nil
          }
          sources.append(source)
        }
        return sources
      }, show: { .list($0.map(\.description)) })
  }
}
