import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("Heads of requests")
struct UploadRequestHeadTests {
  @Test("T-6 an override on POST is the method", arguments: [HTTPRequest.Method.patch, .delete, .head])
  func override(method: HTTPRequest.Method) throws {
    let head = tusHead(.post, "/files/\(anID)", [.methodOverride: method.rawValue])
    #expect(try head.effectiveMethod() == method)
  }

  @Test("T-6 an overridden request means what the other method means")
  func overriddenIntents() throws {
    let id = try #require(UploadID(anID))
    var head = patch([.methodOverride: "PATCH"])
    head.method = .post
    #expect(try append(head) == AppendIntent(offset: 3, contentLength: 5))
    head = tusHead(.post, "/files/\(anID)", [.methodOverride: "DELETE"])
    #expect(try TusDialect().interpret(head) == .terminate(id))
    head = tusHead(.post, "/files/\(anID)", [.methodOverride: "HEAD"])
    #expect(try TusDialect().interpret(head) == .inspect(id))
  }

  @Test(
    "T-6 refuses to be overridden by anything else",
    arguments: [
      "GET", "POST", "PUT", "OPTIONS", "patch", "", "PATCH, DELETE", "CONNECT",
    ])
  func refusedOverride(name: String) {
    #expect(refusal(of: post([.methodOverride: name]))?.problem == .badHeader)
  }

  @Test("T-6 B-27 the override is judged before the version and the path")
  func overrideFirst() {
    let head = UploadRequestHead(method: .post, path: "/nowhere", headerFields: [.methodOverride: "GET"])
    #expect(refusal(of: head)?.members["field"] == .text("X-HTTP-Method-Override"))
  }

  @Test("T-6 an override with two values is refused")
  func twoOverrides() {
    var head = tusHead(.post, "/files/\(anID)", [.methodOverride: "HEAD"])
    head.headerFields.append(HTTPField(name: .methodOverride, value: "DELETE"))
    #expect(refusal(of: head)?.problem == .badHeader)
  }

  @Test(
    "T-6 every method can be overridden", arguments: [HTTPRequest.Method.head, .patch, .get, .put, .delete])
  func anyMethod(method: HTTPRequest.Method) throws {
    #expect(try tusHead(method, "/files/\(anID)", [.methodOverride: "DELETE"]).effectiveMethod() == .delete)
    #expect(refusal(of: tusHead(method, "/files/\(anID)", [.methodOverride: "GET"]))?.problem == .badHeader)
  }

  @Test("T-6 but not OPTIONS: a preflight changes nothing")
  func options() throws {
    let head = tusHead(.options, "/files/\(anID)", [.methodOverride: "DELETE"])
    #expect(try head.effectiveMethod() == .options)
    #expect(try TusDialect().interpret(head) == .discover)
  }

  @Test("T-6 an overridden POST needs what the other method needs")
  func overrideNeedsVersion() {
    let head = UploadRequestHead(
      method: .post, path: "/files/\(anID)", headerFields: [.methodOverride: "DELETE"])
    #expect(refusal(of: head)?.problem == .unsupportedVersion)
  }

  @Test(
    "B-26 a body with two lengths is refused", arguments: [HTTPRequest.Method.post, .patch, .head, .options])
  func ambiguousFraming(method: HTTPRequest.Method) {
    let head = tusHead(
      method, "/files/\(anID)", [.contentLength: "5", .transferEncoding: "chunked"], hasBody: true)
    #expect(head.isAmbiguouslyFramed)
    #expect(refusal(of: head)?.members["field"] == .text("Content-Length"))
    #expect(!patch().isAmbiguouslyFramed)
  }

  @Test("B-26 a Content-Length that is no length is refused", arguments: ["-1", "5,5", "x", ""])
  func contentLength(text: String) {
    #expect(refusal(of: patch([.contentLength: text]))?.members["field"] == .text("Content-Length"))
  }
}
