import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("tus: responses")
struct TusDialectRenderingTests {
  static let outcomes: [UploadOutcome] = [
    .discovered, .created(view(.created, offset: 0), receivedContent: false), .inspected(view()),
    .appended(view()),
    .terminated, .refused(ProblemError(.notFound, detail: "no such upload"), view: nil),
  ]
  private let expiry = Timestamp(milliseconds: 1_769_903_999_125)
  private let headOfUpload = tusHead(.head, "/files/\(anID)")

  @Test("T-3 every response says that this is tus and is not to be stored or sniffed", arguments: outcomes)
  func always(outcome: UploadOutcome) {
    let fields = render(outcome).head.headerFields
    #expect(fields[.tusResumable] == "1.0.0")
    #expect(fields[.cacheControl] == "no-store")
    #expect(fields[.xContentTypeOptions] == "nosniff")
    #expect(fields[.referrerPolicy] == "no-referrer")
    #expect(fields[.requestID] == "r-1")
  }

  @Test("T-3 every problem can be told, by a body and by a field", arguments: Problem.allCases)
  func everyProblem(problem: Problem) {
    let error = ProblemError(problem, detail: "it is so")
    let response = render(.refused(error, view: nil))
    let status = problem == .tooSlow ? 500 : problem.status
    #expect(response.head.status.code == status)
    #expect(response.head.headerFields[.tusResumable] == "1.0.0")
    #expect(response.head.headerFields[.uploadError] == problem.code)
    #expect(response.head.headerFields[.contentType] == "application/problem+json")
    #expect(response.head.headerFields[.contentLength] == "\(response.body.count)")
    #expect(response.body == ProblemDocument(error, requestID: "r-1", status: status).json)
    #expect((response.head.headerFields[.retryAfter] != nil) == [429, 503].contains(problem.status))
  }

  @Test("T-7 HEAD always has the offset, and the length if known", arguments: UploadState.allCases)
  func inspected(state: UploadState) {
    let fields = render(.inspected(view(state, offset: 0)), for: headOfUpload).head.headerFields
    #expect(fields[.uploadOffset] == "0")
    #expect(fields[.uploadLength] == "11")
    #expect(fields[.uploadDeferLength] == nil)
    #expect(fields[.uploadState] == state.rawValue)
  }

  @Test(
    "T-7 a refused HEAD of what is not there has no offset",
    arguments: [UploadState.rejected, .cancelled, .expired])
  func gone(state: UploadState) {
    let error = ProblemError(.gone, detail: "the upload is \(state.rawValue)")
    let response = render(.refused(error, view: view(state, expiresAt: expiry)), for: headOfUpload)
    #expect(response.head.status.code == 410)
    #expect(response.head.headerFields[.uploadOffset] == nil)
    #expect(response.head.headerFields[.uploadExpires] == nil)
  }

  @Test("T-8 a response to HEAD has neither a body nor its framing", arguments: outcomes)
  func headFraming(outcome: UploadOutcome) {
    let response = render(outcome, for: headOfUpload)
    #expect(response.body.isEmpty)
    #expect(response.head.headerFields[.contentLength] == nil)
    #expect(response.head.headerFields[.transferEncoding] == nil)
  }

  @Test("T-8 a POST overridden by HEAD is still framed as a POST")
  func overriddenHead() {
    let head = tusHead(.post, "/files/\(anID)", [.methodOverride: "HEAD"])
    #expect(render(.inspected(view()), for: head).head.headerFields[.contentLength] == "0")
  }

  @Test("T-18 metadata is echoed as it came, and only if it came")
  func metadata() throws {
    var seen = view()
    #expect(render(.inspected(seen)).head.headerFields[.uploadMetadata] == nil)
    seen.metadata = try UploadMetadataParser.parse("z eg,  a")
    #expect(render(.inspected(seen)).head.headerFields[.uploadMetadata] == "z eg,  a")
  }

  @Test("T-21 HEAD says that the length is not known")
  func deferredLength() {
    let fields = render(.inspected(view(length: nil)), for: headOfUpload).head.headerFields
    #expect(fields[.uploadDeferLength] == "1")
    #expect(fields[.uploadLength] == nil)
  }

  @Test("T-40 T-41 an upload that will expire says when, on POST, HEAD, PATCH and refusals")
  func expiration() {
    let mortal = view(expiresAt: expiry)
    let refused = UploadOutcome.refused(ProblemError(.checksumMismatch, detail: "it differs"), view: mortal)
    for outcome in [.created(mortal, receivedContent: false), .inspected(mortal), .appended(mortal), refused]
    {
      #expect(render(outcome).head.headerFields[.uploadExpires] == "Sat, 31 Jan 2026 23:59:59 GMT")
    }
    #expect(render(.appended(view())).head.headerFields[.uploadExpires] == nil)
  }

  @Test("T-51 a mismatch is 460 with its phrase")
  func mismatch() {
    let error = ProblemError(.checksumMismatch, detail: "it differs")
    let response = render(.refused(error, view: view()), for: patch())
    #expect(response.head.status.code == 460)
    #expect(response.head.status.reasonPhrase == "Checksum Mismatch")
    #expect(response.head.headerFields[.uploadOffset] == "7")
  }

  @Test("T-60 a termination is answered with 204")
  func terminated() {
    #expect(render(.terminated, for: tusHead(.delete, "/files/\(anID)")).head.status == .noContent)
  }

  @Test("a draining server says when to come back, the problem's own time first")
  func retryAfter() {
    let plain = ProblemError(.draining, detail: "soon")
    let options = DialectOptions(retryAfterSeconds: 9)
    #expect(render(.refused(plain, view: nil), options: options).head.headerFields[.retryAfter] == "9")
    let timed = ProblemError(.draining, detail: "soon", members: ["retry-after": .integer(2)])
    #expect(render(.refused(timed, view: nil), options: options).head.headerFields[.retryAfter] == "2")
  }
}
