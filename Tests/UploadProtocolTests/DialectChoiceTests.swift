import HTTPTypes
import Testing
import UploadProtocol

@Suite("The choice of a dialect")
struct DialectChoiceTests {
  @Test(
    "T-3 whatever is below the base path is answered as tus, with its version or without",
    arguments: [
      HTTPRequest.Method.post, .head, .patch, .delete, .put, .options,
    ])
  func tus(method: HTTPRequest.Method) {
    for path in ["/files", "/files/", "/files/\(anID)", "/files/..", "/files/nothing"] {
      #expect(DialectChoice(UploadRequestHead(method: method, path: path)) == .tus)
    }
  }

  @Test("downloads, views and all that is elsewhere are plain routes")
  func plain() {
    #expect(DialectChoice(UploadRequestHead(method: .get, path: "/files/\(anID)")) == nil)
    #expect(DialectChoice(UploadRequestHead(method: .post, path: "/files/\(anID)/verify")) == nil)
    #expect(DialectChoice(tusHead(.post, "/api/v1/pushes")) == nil)
    #expect(DialectChoice(UploadRequestHead(method: .options, path: "/files/\(anID)/verify")) == .tus)
    #expect(DialectChoice(UploadRequestHead(method: .get, path: "/files/")) == .tus)
  }
}
