import HTTPTypes
import NIOCore
import NIOHTTP1

/// One upload request and its answer, touched on the event loop only.
final class UploadExchange {
  let body: ChannelBody
  let expectsContinue: Bool
  /// Clients of HTTP/1.0 do not know 1xx answers.
  let takesInterim: Bool
  /// Bytes of the body that have not arrived; negative when the client gave no Content-Length.
  var restBytes: Int64
  var isRequestEnded = false
  var isReplied = false
  var isPaused = false
  /// The client took too long; an answer that says so is being worked out.
  var isBrokenOff = false
  var mustClose: Bool
  var rate: RateWatch

  init(_ request: HTTPRequest, body: ChannelBody, rate: RateWatch, takesInterim: Bool) {
    self.body = body
    self.rate = rate
    self.takesInterim = takesInterim
    expectsContinue = takesInterim && request.headerFields[.expect]?.lowercased() == "100-continue"
    restBytes = Self.declaredBytes(of: request)
    mustClose = request.headerFields[.connection]?.lowercased().contains("close") ?? false
  }

  /// Bytes of body the head announces; negative when it does not say how many.
  static func declaredBytes(of request: HTTPRequest) -> Int64 {
    if request.headerFields[.transferEncoding] != nil { return -1 }
    return request.headerFields[.contentLength].flatMap { Int64($0) } ?? 0
  }

  /// More content is to come and wanted: silence is the client's, not ours.
  var isReceiving: Bool { !isReplied && !isBrokenOff && !isRequestEnded && !isPaused && body.isAsked }

  /// Much content is on its way and has where to go: worth a large receive buffer.
  var wantsLargeBuffer: Bool {
    !isReplied && body.isTaking && (restBytes < 0 || restBytes >= Int64(LoopResources.smallBytes))
  }
}

extension HTTPVersion {
  /// 1xx answers came with HTTP/1.1.
  var knowsInterim: Bool { (major, minor) >= (1, 1) }
}
