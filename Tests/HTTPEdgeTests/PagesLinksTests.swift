import HTTPEdge
import Testing
import Vocabulary

struct PagesLinksTests {
  @Test(
    "all but unreserved characters of a component are encoded",
    arguments: [
      ("plain-1._~", "plain-1._~"), ("a b", "a%20b"), ("50%", "50%25"), ("a/b", "a%2Fb"),
      ("#?&=+", "%23%3F%26%3D%2B"),
      ("ü", "%C3%BC"), ("\"<'>", "%22%3C%27%3E"), ("..", ".."), ("", ""),
    ])
  func component(text: String, encoded: String) {
    #expect(PageLinks.component(text) == encoded)
    #expect(PageLinks.decoded(encoded) == text)
  }

  @Test("the slashes of a path stay")
  func path() throws {
    #expect(PageLinks.path("a b/50%/c#1") == "a%20b/50%25/c%231")
    let link = PageLinks.file(
      try RepoName("maps"), PagesSamples.id(2), try BundlePath(PagesSamples.hostilePath))
    #expect(
      link.hasSuffix("/files/a%20%3Cb%3E/%22quoted%22%CC%81/50%25%20%231%3F%26%27%D8%80%3Ci%3E.txt"))
  }

  @Test(
    "what is not well encoded has no text",
    arguments: ["%", "%4", "%zz", "%4z", "a%", "%ff", "%C3"])
  func malformed(encoded: String) {
    #expect(PageLinks.decoded(encoded) == nil)
  }

  @Test("a query leaves out what is nil")
  func query() {
    #expect(PageLinks.query("/x", [:]) == "/x")
    #expect(PageLinks.query("/x", ["a": nil, "b": "1&2", "c": "d e"]) == "/x?b=1%262&c=d%20e")
  }
}
