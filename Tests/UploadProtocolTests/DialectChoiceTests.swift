import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("The choice of a dialect")
struct DialectChoiceTests {
  private func choice(
    _ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields = [:], hasBody: Bool = false
  ) -> String? {
    DialectChoice(UploadRequestHead(method: method, path: path, headerFields: fields, hasBody: hasBody))?.word
  }
  private static let paths = ["/files", "/files/", "/files/\(anID)", "/files/..", "/files/nothing"]

  @Test(
    "T-3 R-61 whatever has the field of tus is answered as tus",
    arguments: [HTTPRequest.Method.post, .head, .patch, .delete, .put, .options])
  func tus(method: HTTPRequest.Method) {
    for path in Self.paths {
      let fields: HTTPFields = [
        .tusResumable: "0.2", .uploadComplete: "?1", .uploadDraftInteropVersion: "8",
        .contentType: "application/partial-upload",
      ]
      #expect(choice(method, path, fields) == "tus")
    }
  }

  @Test(
    "R-60 R-62 whatever has a mark of the drafts is answered as theirs",
    arguments: [HTTPRequest.Method.post, .head, .patch, .delete, .put, .options])
  func drafts(method: HTTPRequest.Method) {
    for path in Self.paths {
      #expect(choice(method, path, [.uploadDraftInteropVersion: "5", .uploadComplete: "?1"]) == "ietf-5")
      #expect(choice(method, path, [.uploadDraftInteropVersion: "3"]) == "ietf-3")
      #expect(choice(method, path, [.uploadComplete: "?0"]) == "ietf")
      #expect(choice(method, path, [.uploadIncomplete: "?0"]) == "ietf-3-unnumbered")
      #expect(choice(method, path, [.contentType: "application/Partial-Upload"]) == "ietf")
    }
  }

  @Test("T-4 R-20 R-40 requests without a mark go by the habits of clients")
  func unmarked() {
    for path in ["/files/\(anID)", "/files/..", "/files/nothing"] {
      #expect(choice(.head, path) == "unmarked")
      #expect(choice(.delete, path) == "unmarked")
      #expect(choice(.patch, path, [.uploadOffset: "1"]) == "tus")
      #expect(choice(.put, path, [.contentLength: "1"], hasBody: true) == "plain")
      #expect(choice(.options, path) == "tus")
    }
    #expect(choice(.post, "/files/", [.contentLength: "0"]) == "plain")
    #expect(choice(.post, "/files/", [.transferEncoding: "chunked"], hasBody: true) == "plain")
    #expect(choice(.post, "/files/", hasBody: true) == "plain")
    #expect(choice(.post, "/files/") == "tus")
  }

  @Test("T-6 the choice is made by the method that counts")
  func override() {
    #expect(choice(.get, "/files/\(anID)", [.methodOverride: "HEAD"]) == "unmarked")
    #expect(choice(.post, "/files/\(anID)", [.methodOverride: "PATCH"]) == "tus")
    #expect(choice(.post, "/files/", [.methodOverride: "GET", .contentLength: "1"]) == "plain")
  }

  @Test("R-23 downloads, views, forms, batches and all that is elsewhere are plain routes")
  func routed() {
    #expect(choice(.get, "/files/\(anID)") == nil)
    #expect(choice(.get, "/files/\(anID)", [.tusResumable: "1.0.0"]) == nil)
    #expect(choice(.post, "/files/\(anID)/verify") == nil)
    #expect(choice(.post, "/files/batch") == nil)
    #expect(choice(.post, "/files/", [.contentType: "Multipart/Form-Data; boundary=x"], hasBody: true) == nil)
    #expect(choice(.post, "/api/v1/pushes", [.tusResumable: "1.0.0"]) == nil)
    #expect(choice(.put, "/", [.uploadComplete: "?1"]) == nil)
    #expect(choice(.options, "/api") == nil)
  }

  @Test("a form of a client of tus is content it does not mean, as every other type")
  func markedForm() {
    let form = "multipart/form-data; boundary=x"
    #expect(choice(.post, "/files/", [.tusResumable: "1.0.0", .contentType: form]) == "tus")
    #expect(choice(.post, "/files/", [.uploadComplete: "?1", .contentType: form]) == "ietf")
  }

  @Test("T-14 R-41 OPTIONS of anything below the base, and of the server, is discovery")
  func discovery() throws {
    for path in Self.paths + ["/files/\(anID)/verify", "/files/batch", "*"] {
      let head = UploadRequestHead(method: .options, path: path)
      let dialect = try #require(DialectChoice(head)).dialect(DialectOptions())
      #expect(try dialect.interpret(head) == .discover)
    }
  }

  @Test("B-26 every dialect refuses a body of two lengths and an override of its own making")
  func everyDialect() throws {
    for fields: HTTPFields in [[.tusResumable: "1.0.0"], [.uploadComplete: "?1"], [:]] {
      for (name, value) in [(HTTPField.Name.transferEncoding, "chunked"), (.methodOverride, "TRACE")] {
        var head = UploadRequestHead(method: .post, path: "/files/", headerFields: fields, hasBody: true)
        head.headerFields[.contentLength] = "5"
        head.headerFields[name] = value
        let dialect = try #require(DialectChoice(head)).dialect(DialectOptions())
        #expect(refusal(of: head, by: dialect)?.problem == .badHeader)
      }
    }
  }
}
