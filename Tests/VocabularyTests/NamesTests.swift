import Testing
import Vocabulary

@Suite struct NamesTests {
  @Test(
    "plain names are repos and labels",
    arguments: [
      "a", "Z", "0", "inbox", "a.b_c-d", "v1.0", String(repeating: "x", count: 64), "Latest", "latest1",
    ])
  func accepts(text: String) throws {
    #expect(try RepoName(text).text == text)
    #expect(try LabelName(text).text == text)
  }

  @Test(
    "other names are refused, naming the field and the value",
    arguments: [
      "", ".", "..", "-a", "_a", ".a", "a b", "a/b", "a\\b", "ä", "a\u{0}", "a\n", "a@b", "a%2fb", "a~", "é",
      "a\u{301}", "@", "[", "`", "{", String(repeating: "x", count: 65),
    ])
  func refuses(text: String) {
    for (field, make) in [
      ("repo", { _ = try RepoName(text) }), ("label", { _ = try LabelName(text) }),
    ] as [(String, () throws -> Void)] {
      let error = #expect(throws: ProblemError.self) { try make() }
      #expect(error?.problem == .badName)
      #expect(error?.members["field"] == .text(field))
      #expect(error?.detail.contains("\(field) \(quoted(text))") == true)
    }
  }

  @Test("latest is no label, for it always means the newest bundle, but it may be a repo")
  func latest() throws {
    let error = #expect(throws: ProblemError.self) { try LabelName("latest") }
    #expect(error?.problem == .badName)
    #expect(try RepoName("latest").text == "latest")
  }

  @Test("the inbox has a name that anybody could have written")
  func inbox() throws { #expect(try RepoName(RepoName.inbox.text) == .inbox) }

  @Test("names sort by their characters")
  func order() throws {
    #expect(
      try ["b", "a", "B", "a-"].map { try RepoName($0) }.sorted().map(\.text) == ["B", "a", "a-", "b"])
    #expect(try LabelName("a") < LabelName("b"))
  }
}
