import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("tus: creation")
struct TusDialectCreationTests {
  @Test("T-15 a creation has a length or defers it")
  func lengths() throws {
    #expect(try creation(post())?.length == 11)
    #expect(try creation(post([.uploadLength: nil, .uploadDeferLength: "1"])) == CreateIntent(length: nil))
    #expect(refusal(of: post([.uploadDeferLength: "1"]))?.problem == .inconsistentLength)
    #expect(refusal(of: post([.uploadLength: nil]))?.problem == .badHeader)
  }

  @Test("T-15 length is deferred by 1 and nothing else", arguments: ["0", "2", "true", "", "01", "1, 1"])
  func deferral(text: String) {
    #expect(refusal(of: post([.uploadLength: nil, .uploadDeferLength: text]))?.problem == .badHeader)
  }

  @Test("T-16 an empty upload is an upload")
  func empty() throws {
    #expect(try creation(post([.uploadLength: "0"])) == CreateIntent(length: 0))
  }

  @Test("T-16 a creation is answered with its location")
  func location() {
    let response = render(.created(view(.created, offset: 0), receivedContent: false))
    #expect(response.head.status == .created)
    #expect(response.head.headerFields[.location] == "/files/\(anID)")
    #expect(response.head.headerFields[.contentLength] == "0")
    #expect(response.head.headerFields[.uploadOffset] == nil)
  }

  @Test("T-17 a length above the maximum is too large, and the maximum is told")
  func tooLarge() throws {
    let dialect = TusDialect(options: .init(maximumSizeBytes: 10))
    let error = try #require(refusal(of: post(), by: dialect))
    #expect(error.problem == .tooLarge)
    let response = render(.refused(error, view: nil), options: dialect.options)
    #expect(response.head.status.code == 413)
    #expect(response.head.headerFields[.tusMaxSize] == "10")
    #expect(refusal(of: post([.uploadLength: "10"]), by: dialect) == nil)
    #expect(refusal(of: post([.uploadLength: nil, .uploadDeferLength: "1"]), by: dialect) == nil)
  }

  @Test("T-23 a body of the right type is content")
  func content() throws {
    let intent = try creation(post([.contentType: contentType, .contentLength: "5"], hasBody: true))
    #expect(intent == CreateIntent(length: 11, hasContent: true, contentLength: 5))
  }

  @Test(
    "T-23 a body of another type is no content",
    arguments: [nil, "application/x-www-form-urlencoded", "application/octet-stream", ""])
  func noContent(type: String?) throws {
    let head = post([.contentType: type, .contentLength: "5", .contentEncoding: "gzip"], hasBody: true)
    #expect(try creation(head) == CreateIntent(length: 11))
  }

  @Test("T-23 two content types are malformed, which is not the same as none")
  func twoTypes() {
    var head = post([.contentType: contentType], hasBody: true)
    head.headerFields.append(HTTPField(name: .contentType, value: "text/plain"))
    #expect(refusal(of: head)?.members["field"] == .text("Content-Type"))
  }

  @Test("T-23 the offset is told after content, also after content of no bytes")
  func offset() throws {
    let received = render(.created(view(offset: 5), receivedContent: true))
    #expect(received.head.headerFields[.uploadOffset] == "5")
    let head = post([.contentType: contentType, .contentLength: "0"])
    #expect(try creation(head)?.hasContent == false)
    let none = render(.created(view(.created, offset: 0), receivedContent: false), for: head)
    #expect(none.head.headerFields[.uploadOffset] == "0")
  }

  @Test("T-23 content that is coded is refused: offsets count bytes of the file")
  func coding() {
    let head = post([.contentType: contentType, .contentEncoding: "gzip"], hasBody: true)
    #expect(refusal(of: head)?.problem == .unsupportedMediaType)
  }
}
