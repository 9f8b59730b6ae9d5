import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("tus: appending")
struct TusDialectAppendTests {
  @Test(
    "T-9 a PATCH must have the content type of tus",
    arguments: [
      nil, "", "application/octet-stream", "application/offset+octet-stream2", "text/plain",
      "application/offset octet-stream",
    ])
  func contentTypes(type: String?) {
    let error = refusal(of: patch([.contentType: type]))
    #expect(error?.problem == .unsupportedMediaType)
    #expect(error?.problem.status == 415)
  }

  @Test("T-9 neither case nor parameters of the content type matter")
  func contentTypeSpelling() throws {
    #expect(try append(patch([.contentType: "APPLICATION/offset+octet-stream;v=1"]))?.offset == 3)
  }

  @Test("T-9 a PATCH without a body needs its content type as well")
  func emptyPatch() throws {
    var head = patch([.contentLength: nil])
    head.hasBody = false
    #expect(try append(head) == AppendIntent(offset: 3, contentLength: 0))
    head.headerFields[.contentType] = nil
    #expect(refusal(of: head)?.problem == .unsupportedMediaType)
  }

  @Test("A content coding on PATCH is refused", arguments: ["gzip", "br", "gzip, br"])
  func coding(text: String) {
    #expect(refusal(of: patch([.contentEncoding: text]))?.members["field"] == .text("Content-Encoding"))
  }

  @Test("T-10 a PATCH without an offset is refused")
  func missingOffset() {
    let error = refusal(of: patch([.uploadOffset: nil]))
    #expect(error?.problem == .badHeader)
    #expect(error?.members["field"] == .text("Upload-Offset"))
  }

  @Test("T-10 a wrong offset is answered with the right one")
  func wrongOffset() {
    let error = ProblemError(
      .offsetMismatch, detail: "the upload is at 7", members: ["expected-offset": .integer(7)])
    for state in [UploadState.created, .receiving, .received, .verified, .committed] {
      let response = render(.refused(error, view: view(state)), for: patch())
      #expect(response.head.status.code == 409)
      #expect(response.head.headerFields[.uploadOffset] == "7")
    }
  }

  @Test("T-11 an append is answered with 204 and the new offset")
  func appended() {
    let response = render(.appended(view(offset: 8)), for: patch())
    #expect(response.head.status == .noContent)
    #expect(response.head.headerFields[.uploadOffset] == "8")
    #expect(response.head.headerFields[.contentLength] == nil)
    #expect(response.body.isEmpty)
  }

  @Test("T-11 a body whose end is not known has no length")
  func chunked() throws {
    let head = patch([.contentLength: nil, .transferEncoding: "chunked"])
    #expect(try append(head) == AppendIntent(offset: 3))
  }

  @Test("T-21 T-22 a PATCH may state the length, with bytes or without")
  func length() throws {
    #expect(try append(patch([.uploadLength: "8"]))?.length == 8)
    #expect(
      try append(patch([.uploadLength: "3", .contentLength: "0"]))
        == AppendIntent(offset: 3, length: 3, contentLength: 0))
    #expect(try append(patch())?.length == nil)
  }
}
