import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("tus: versions, discovery and methods")
struct TusDialectTests {
  private let bodied: [HTTPRequest.Method] = [.post, .patch, .delete]
  private func head(_ method: HTTPRequest.Method, version: String?) -> UploadRequestHead {
    let path = method == .post ? "/files/" : "/files/\(anID)"
    return tusHead(
      method, path,
      [.tusResumable: version, .uploadLength: "1", .uploadOffset: "0", .contentType: contentType])
  }

  @Test("T-1 the core protocol is spoken: OPTIONS, HEAD and PATCH")
  func core() throws {
    let id = try #require(UploadID(anID))
    #expect(try TusDialect().interpret(head(.options, version: nil)) == .discover)
    #expect(try TusDialect().interpret(head(.head, version: "1.0.0")) == .inspect(id))
    #expect(try append(head(.patch, version: "1.0.0"))?.offset == 0)
  }

  @Test(
    "T-4 a request that changes something must say its version",
    arguments: [nil, "0.2.2", "1.0", "1.0.1", "", "1.0.0, 1.0.0", "v1.0.0"])
  func wrongVersion(version: String?) {
    for method in bodied {
      #expect(refusal(of: head(method, version: version))?.problem == .unsupportedVersion)
    }
  }

  @Test("T-4 HEAD may lack a version, but not have another")
  func headVersion() throws {
    #expect(refusal(of: head(.head, version: nil)) == nil)
    #expect(refusal(of: head(.head, version: "0.2.2"))?.problem == .unsupportedVersion)
  }

  @Test("T-4 two versions are none")
  func twoVersions() {
    var head = head(.post, version: "1.0.0")
    head.headerFields.append(HTTPField(name: .tusResumable, value: "0.2.2"))
    #expect(refusal(of: head)?.problem == .unsupportedVersion)
  }

  @Test("T-4 the refusal tells the version that is right")
  func versionInRefusal() throws {
    let head = head(.post, version: "0.2.2")
    let response = render(.refused(try #require(refusal(of: head)), view: nil), for: head)
    #expect(response.head.status.code == 412)
    #expect(response.head.headerFields[.tusVersion] == "1.0.0")
  }

  @Test("T-5 T-15 T-23 T-40 T-50 T-54 T-60 T-70 T-76 discovery lists the extensions")
  func extensions() {
    let fields = render(.discovered).head.headerFields
    #expect(fields[.tusVersion] == "1.0.0")
    #expect(
      fields[.tusExtension]
        == "creation,creation-with-upload,creation-defer-length,expiration,checksum,checksum-trailer,termination,concatenation,concatenation-unfinished"
    )
  }

  @Test("T-5 discovery tells the limit if there is one")
  func maximum() {
    #expect(render(.discovered).head.headerFields[.tusMaxSize] == nil)
    let limited = render(.discovered, options: .init(maximumSizeBytes: 1000))
    #expect(limited.head.headerFields[.tusMaxSize] == "1000")
  }

  @Test(
    "T-14 OPTIONS is discovery, whatever version and path it names",
    arguments: ["/files", "/files/", "/files/\(anID)", "/files/x/y"])
  func discovery(path: String) throws {
    for version in [nil, "1.0.0", "0.2.2", "x"] {
      #expect(try TusDialect().interpret(tusHead(.options, path, [.tusResumable: version])) == .discover)
    }
  }

  @Test("T-14 discovery answers 204, or 200 if so configured")
  func discoveryStatus() {
    #expect(render(.discovered).head.status == .noContent)
    #expect(render(.discovered).head.headerFields[.contentLength] == nil)
    let old = render(.discovered, options: .init(discoveryStatus: .ok))
    #expect(old.head.status == .ok)
    #expect(old.head.headerFields[.contentLength] == "0")
  }

  @Test("a method that the resource does not take is answered with those it takes")
  func methods() throws {
    for (method, path, allowed) in [
      (HTTPRequest.Method.patch, "/files/", "OPTIONS, POST, PUT"), (.head, "/files", "OPTIONS, POST, PUT"),
      (.delete, "/files/", "OPTIONS, POST, PUT"), (.get, "/files/", "OPTIONS, POST, PUT"),
      (.post, "/files/\(anID)", "OPTIONS, GET, HEAD, PATCH, PUT, DELETE"),
      (.put, "/files/\(anID)", "OPTIONS, GET, HEAD, PATCH, PUT, DELETE"),
    ] {
      let head = tusHead(method, path)
      let error = try #require(refusal(of: head))
      #expect(error.problem == .methodNotAllowed)
      #expect(render(.refused(error, view: nil), for: head).head.headerFields[.allow] == allowed)
    }
  }

  @Test("T-60 T-61 DELETE terminates, and nothing else does")
  func termination() throws {
    let id = try #require(UploadID(anID))
    #expect(try TusDialect().interpret(head(.delete, version: "1.0.0")) == .terminate(id))
    #expect(try TusDialect().interpret(head(.head, version: "1.0.0")) != .terminate(id))
  }
}
