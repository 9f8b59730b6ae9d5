import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("Resumable Uploads for HTTP")
struct IETFDialectTests {
  private static let everyVersion: [DraftVersion] = DraftVersion.all + [.final, .unmarked, .unnumberedThree]
  private let context = ResponseContext(
    requestID: "r-1", now: Timestamp(milliseconds: 0), location: { "/files/\($0)" })

  private static let outcomes: [UploadOutcome] =
    UploadState.allCases.flatMap { state -> [UploadOutcome] in
      let seen = view(state)
      return [
        .created(seen, receivedContent: true), .inspected(seen), .appended(seen),
        .refused(ProblemError(.draining, detail: ""), view: seen),
      ]
    } + [.discovered, .terminated, .refused(ProblemError(.notFound, detail: ""), view: nil)]

  @Test("R-60 the versions spoken are 3 to 8")
  func versions() {
    #expect(DraftVersion.all.map(\.interopVersion) == [3, 4, 5, 6, 7, 8])
    #expect(DraftVersion(interopVersion: 2) == nil)
    #expect(DraftVersion(interopVersion: 9) == nil)
    #expect(DraftVersion.final.interopVersion == nil)
  }

  @Test("R-60 R-62 the versions differ as the drafts say", arguments: DraftVersion.all)
  func differences(version: DraftVersion) throws {
    let number = try #require(version.interopVersion)
    #expect(version.completenessIsInverted == (number == 3))
    #expect((version.completenessField == .uploadIncomplete) == (number == 3))
    #expect(version.appendNeedsCompleteness == (number > 3))
    #expect(version.tellsProgress == (number >= 5))
    #expect((version.appendMediaType != nil) == (number >= 6))
    #expect(version.hasLength == (number >= 6))
    #expect(version.lifetimeKey == (number < 6 ? nil : number == 6 ? .expires : .maxAge))
    #expect(version.inspectionStatus == .noContent)
    #expect(version.appendedStatus == (number <= 6 ? .created : .noContent))
    #expect(version.refusesFieldsOfAppend == (number <= 6))
    #expect(version.overflow == (number == 8 ? .invalidate : .refuse))
  }

  @Test("R-62 the final specification is version 8 without its number")
  func final() {
    var eight = DraftVersion(interopVersion: 8)
    eight?.interopVersion = nil
    #expect(eight == DraftVersion.final)
  }

  @Test("R-19 R-22 nobody is redirected", arguments: everyVersion)
  func redirections(version: DraftVersion) {
    for outcome in Self.outcomes {
      for method in [HTTPRequest.Method.post, .head, .patch, .delete] {
        let response = render(outcome, method, version)
        #expect(!(300..<400).contains(response.head.status.code))
        #expect(response.head.status.code >= 200)
      }
    }
  }

  @Test(
    "R-1 R-13 R-20 R-34 whoever sees an upload that is open or complete is told of its offset and completeness"
  )
  func progress() {
    for version in Self.everyVersion {
      for state in UploadState.allCases where state.isOpen || state.isFinished {
        for outcome in [
          .created(view(state), receivedContent: true), .inspected(view(state)), .appended(view(state)),
          UploadOutcome.refused(ProblemError(.storageFull, detail: ""), view: view(state)),
        ] {
          let fields = render(outcome, .patch, version).head.headerFields
          #expect(fields[.uploadOffset] == "7")
          let isTrue = state.isFinished != version.completenessIsInverted
          #expect(fields[version.completenessField] == (isTrue ? "?1" : "?0"))
        }
      }
    }
  }

  @Test("R-14 the interim response and the final one tell the same URL")
  func location() throws {
    let version = try #require(DraftVersion(interopVersion: 8))
    let dialect = IETFDialect(version: version)
    let head = UploadRequestHead(method: .post, path: "/files/", hasBody: true)
    let early = try #require(dialect.interim(.created(view(.created, offset: 0)), for: head, in: context))
    let final = render(.created(view(), receivedContent: true), .post, version)
    #expect(early.headerFields[.location] == "/files/\(anID)")
    #expect(early.headerFields[.location] == final.head.headerFields[.location])
  }

  @Test("R-37 progress never tells the URL", arguments: everyVersion)
  func progressHasNoLocation(version: DraftVersion) throws {
    let dialect = IETFDialect(version: version, options: .init(sendsInterimToFinal: true))
    let head = UploadRequestHead(method: .post, path: "/files/", hasBody: true)
    let id = try #require(UploadID(anID))
    let interim = dialect.interim(.progressed(id, offset: 9), for: head, in: context)
    #expect((interim != nil) == version.tellsProgress)
    #expect(interim?.headerFields[.location] == nil)
    #expect(interim?.headerFields[.uploadLimit] == nil)
  }

  @Test("R-38 whoever is to come again is told when", arguments: everyVersion)
  func retryAfter(version: DraftVersion) {
    for problem in Problem.allCases {
      let fields = render(.refused(ProblemError(problem, detail: ""), view: nil), .post, version).head
        .headerFields
      #expect((fields[.retryAfter] != nil) == [429, 503].contains(problem.status))
      #expect(fields[.uploadError] == problem.code)
    }
  }

  @Test("E.3 every response has what belongs on all of them", arguments: everyVersion)
  func always(version: DraftVersion) {
    for outcome in Self.outcomes {
      let fields = render(outcome, .post, version).head.headerFields
      #expect(fields[.cacheControl] == "no-store")
      #expect(fields[.xContentTypeOptions] == "nosniff")
      #expect(fields[.requestID] == "r-1")
      #expect((fields[.tusResumable] != nil) == (version.speaksTusToo || fields[.tusVersion] != nil))
    }
  }

  @Test("R-6 limits of one request are announced, not enforced here")
  func appendLimit() throws {
    let head = UploadRequestHead(
      method: .post, path: "/files/", headerFields: [.uploadComplete: "?1", .contentLength: "500"],
      hasBody: true)
    let dialect = IETFDialect(options: .init(maximumAppendBytes: 100))
    #expect(throws: Never.self) { try dialect.interpret(head) }
  }

  private func render(
    _ outcome: UploadOutcome, _ method: HTTPRequest.Method, _ version: DraftVersion
  ) -> UploadResponse {
    let path = method == .post ? "/files/" : "/files/\(anID)"
    return IETFDialect(version: version).render(
      outcome, for: UploadRequestHead(method: method, path: path), in: context)
  }
}
