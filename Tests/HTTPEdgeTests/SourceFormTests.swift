import HTTPEdge
import Ingestion
import Testing
import Vocabulary

/// What browsers send from the form of a source's folder.
@Suite struct SourceFormTests {
  @Test("D6 D11 the form's fields are the request, ticked files and listed ones together")
  func fields() throws {
    let form = try SourceForm(
      "path=a%2Fb&repo=films&newRepo=other&message=A+%26+B&label=v1&concurrencyFactor=9"
        + "&list=x%0D%0A%0D%0Ay%2Fz%2F&file=%C3%BC&file=two+words")
    let request = try form.request(source: "disk")
    #expect(request.source == "disk")
    #expect(request.path?.text == "a/b")
    #expect(request.repo.text == "films")
    #expect(request.message == "A & B")
    #expect(request.label?.text == "v1")
    #expect(request.concurrencyFactor == 9)
    #expect(request.files.map(\.text) == ["x", "y/z", "ü", "two words"])
  }

  @Test("D6 what is left empty is the whole folder, a new repo, no label, and four files at once")
  func standards() throws {
    let form = try SourceForm("path=&repo=&newRepo=fresh&message=m&label=&concurrencyFactor=&list=")
    let request = try form.request(source: "disk")
    #expect(request.path == nil)
    #expect(request.repo.text == "fresh")
    #expect(request.label == nil)
    #expect(request.files.isEmpty)
    #expect(request.concurrencyFactor == 4)
    #expect(!request.allowsEmpty)
  }

  @Test("C29 the ticked box allows a push without files")
  func empty() throws {
    #expect(try SourceForm("newRepo=a&message=m&allowEmpty=yes").request(source: "disk").allowsEmpty)
  }

  @Test(
    "C24 what is not well formed is refused",
    arguments: [
      "newRepo=a&file=..", "newRepo=a&file=%2Fetc%2Fpasswd", "newRepo=a&list=a%0A..%2Fb", "newRepo=a&path=..",
      "newRepo=a&file=%FF", "newRepo=a&file=%0", "newRepo=a&concurrencyFactor=x", "newRepo=no+name", "",
      "newRepo=a&label=latest", "newRepo=a&file=a%00b",
    ])
  func malformed(text: String) {
    #expect(throws: ProblemError.self) { try SourceForm(text).request(source: "disk") }
  }
}
