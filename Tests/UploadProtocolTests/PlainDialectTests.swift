import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("Plain uploads")
struct PlainDialectTests {
  private let context = ResponseContext(
    requestID: "r-1", now: Timestamp(milliseconds: 0), location: { "/files/\($0)" })

  @Test(
    "a client that knows of no protocol is told 201 of a whole file only, whatever an earlier request stored",
    arguments: UploadState.allCases)
  func honest(state: UploadState) {
    let head = UploadRequestHead(method: .put, path: "/files/a", hasBody: true)
    let answer = PlainDialect().render(
      .created(view(state), receivedContent: true), for: head, in: context)
    guard state.isOpen else { return #expect(answer.head.status == .created) }
    #expect(answer.head.status == .conflict)
    #expect(answer.head.headerFields[.location] == "/files/\(anID)")
    #expect(answer.head.headerFields[.uploadOffset] == "7")
  }
}
