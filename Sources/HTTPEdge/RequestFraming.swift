import NIOHTTP1
import Vocabulary

/// How a request says where its body ends (RFC 9112 §6.1), beyond what the parser looks at.
package enum RequestFraming {
  /// What is wrong with the lines of `Transfer-Encoding` of a request that is not HTTP/2's: `bad-request` for any coding
  /// but `chunked`, whose content would be stored as it was coded, and for one in HTTP/1.0, which knows none: who passed
  /// the request on may have seen another end of it.
  package static func flaw(ofTransferEncoding lines: [String], version: HTTPVersion) -> ProblemError? {
    guard !lines.isEmpty else { return nil }
    guard version != .http1_0 else { return problem("HTTP/1.0 has no Transfer-Encoding") }
    guard lines.count == 1, lines[0].lowercased() == "chunked" else {
      return problem("the server knows no Transfer-Encoding but chunked alone")
    }
    return nil
  }

  private static func problem(_ detail: String) -> ProblemError {
    ProblemError(.badRequest, detail: detail, members: ["field": .text("Transfer-Encoding")])
  }
}
