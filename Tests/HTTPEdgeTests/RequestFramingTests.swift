import HTTPEdge
import NIOHTTP1
import Testing
import Vocabulary

struct RequestFramingTests {
  @Test("chunked alone has no flaw, and neither has no coding", arguments: [[], ["chunked"], ["Chunked"]])
  func good(lines: [String]) {
    #expect(RequestFraming.flaw(ofTransferEncoding: lines, version: .http1_1) == nil)
  }

  @Test(
    "other codings are a bad request: their content would be stored as it was coded",
    arguments: [["gzip, chunked"], ["gzip", "chunked"], ["chunked", "chunked"], ["identity"], [""]])
  func bad(lines: [String]) {
    #expect(
      RequestFraming.flaw(ofTransferEncoding: lines, version: .http1_1)?.problem == .badRequest)
  }

  @Test("HTTP/1.0 knows no coding (RFC 9112 section 6.1)")
  func oldVersion() {
    #expect(
      RequestFraming.flaw(ofTransferEncoding: ["chunked"], version: .http1_0)?.problem == .badRequest)
    #expect(RequestFraming.flaw(ofTransferEncoding: [], version: .http1_0) == nil)
  }
}
