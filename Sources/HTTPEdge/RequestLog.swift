import Logging
import UploadProtocol
import Vocabulary

/// The log line of every request that failed: one, with the id that its response carries.
package struct RequestLog: Sendable {
  private let logger: Logger

  package init(_ logger: Logger) { self.logger = logger }

  /// Logs a refusal as information, a failure of the server (5xx) as an error.
  ///
  /// - Parameters:
  ///   - route: the pattern of the path, such as `/files/{id}`; see `route(ofUpload:)`.
  ///   - cause: what the client is not told.
  package func failed(
    _ error: ProblemError, method: String, route: String, requestID: String, cause: String? = nil
  ) {
    var metadata: Logger.Metadata = [
      "code": .string(error.problem.code), "status": .stringConvertible(error.problem.status),
      "method": .string(quotedUnlessPlain(method)), "route": .string(route), "request": .string(requestID),
      "detail": .string(Self.shorteningIDs(error.detail)),
    ]
    if let cause { metadata["cause"] = .string(cause) }
    if error.problem.status >= 500 {
      logger.error("request failed", metadata: metadata)
    } else {
      logger.info("request refused", metadata: metadata)
    }
  }

  /// The pattern of a path below `/files`, which names no upload.
  package static func route(ofUpload path: String) -> String {
    switch UploadRoute(path: path) {
    case .collection: "/files/"
    case .upload: "/files/{id}"
    case .view(_, let name): "/files/{id}/\(name)"
    case .batch: "/files/batch"
    case .named: "/files/{name}"
    case .nothing, .outside: "none"
    }
  }

  /// Text with every id in it cut to its first 13 characters: enough to find it, too little to use it (B-34).
  ///
  /// The URL of an upload is all it takes to write to it, and logs are read by more people than URLs.
  package static func shorteningIDs(_ text: String) -> String {
    var result: [UInt8] = []
    var word: [UInt8] = []
    func endWord() {
      let isID = word.count == 26 && UploadID(String(decoding: word, as: UTF8.self)) != nil
      result += isID ? Array(word.prefix(13)) + Array("…".utf8) : word
      word = []
    }
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"):
        word.append(byte)
      default:
        endWord()
        result.append(byte)
      }
    }
    endWord()
    return String(decoding: result, as: UTF8.self)
  }

  private func quotedUnlessPlain(_ method: String) -> String {
    method.utf8.count <= 20 ? method : quoted(method)
  }
}
