import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

typealias WireFields = [(String, String)]

/// What came back for one request.
struct WireAnswer {
  /// Status 1xx, in order.
  var interim: [RawConnection.Answer]
  var final: RawConnection.Answer

  var status: Int { final.status }
  var headers: [String: String] { final.headers }
  /// The path of the upload that `Location` names.
  var path: String? { headers["location"].flatMap { URL(string: $0)?.path } }
}

extension RawConnection {
  static func wireHead(_ method: String, _ target: String, _ fields: WireFields, length: Int?) -> String {
    let all = [("Host", "localhost")] + fields + (length.map { [("Content-Length", String($0))] } ?? [])
    return "\(method) \(target) HTTP/1.1\r\n" + all.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n"
  }

  func sendHead(_ method: String, _ target: String, _ fields: WireFields, length: Int?) throws {
    try send(Self.wireHead(method, target, fields, length: length))
  }

  /// Reads up to the final answer.
  func wireAnswer(isHead: Bool = false) throws -> WireAnswer {
    var interim: [Answer] = []
    while true {
      let answer = try answer(isHead: isHead)
      guard (100..<200).contains(answer.status) else { return WireAnswer(interim: interim, final: answer) }
      interim.append(answer)
    }
  }

  func exchange(_ method: String, _ target: String, _ fields: WireFields = [], body: [UInt8]? = nil) throws
    -> WireAnswer
  {
    try sendHead(method, target, fields, length: body?.count)
    if let body { try send(body) }
    return try wireAnswer(isHead: method == "HEAD")
  }

  /// A request whose content comes in chunks, with these trailers.
  func exchange(
    _ method: String, _ target: String, _ fields: WireFields, chunks: [[UInt8]], trailers: WireFields = []
  ) throws -> WireAnswer {
    try sendHead(method, target, fields + [("Transfer-Encoding", "chunked")], length: nil)
    for chunk in chunks { try send(Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [13, 10]) }
    try send("0\r\n" + trailers.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n")
    return try wireAnswer()
  }
}

extension GatewayProcess {
  /// One request on a connection of its own, read up to the final answer.
  func exchange(_ method: String, _ target: String, _ fields: WireFields = [], body: [UInt8]? = nil) throws
    -> WireAnswer
  { try connect().exchange(method, target, fields, body: body) }

  /// What the API says of an upload.
  func upload(at path: String) throws -> [String: Any] {
    let answer = try request("GET", path, ["Accept": "application/json"])
    return (try? JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]) ?? [:]
  }

  /// Waits until the upload's file has been checked.
  func untilVerified(_ path: String) throws {
    try eventually("\(path) verified") {
      ["verified", "committed"].contains(try upload(at: path)["state"] as? String ?? "")
    }
  }
}

/// Fields of "Resumable Uploads for HTTP", by interop version; `nil` is the final specification.
enum IETFWire {
  static let versions: [Int?] = [3, 4, 5, 6, 7, 8, nil]

  static func fields(
    _ version: Int?, isComplete: Bool? = nil, offset: Int? = nil, length: Int? = nil, _ more: WireFields = []
  ) -> WireFields {
    var fields: WireFields = version.map { [("Upload-Draft-Interop-Version", String($0))] } ?? []
    if let isComplete {
      let isInverted = version == 3
      fields.append(
        (isInverted ? "Upload-Incomplete" : "Upload-Complete", isComplete != isInverted ? "?1" : "?0"))
    }
    if let offset {
      fields.append(("Upload-Offset", String(offset)))
      if (version ?? 8) >= 6 { fields.append(("Content-Type", "application/partial-upload")) }
    }
    if let length { fields.append(("Upload-Length", String(length))) }
    return fields + more
  }

  /// What the answer says of completeness, in the version's words.
  static func isComplete(_ answer: RawConnection.Answer, _ version: Int?) -> Bool? {
    let value = answer.headers[version == 3 ? "upload-incomplete" : "upload-complete"]
    return value.map { ($0 == "?1") != (version == 3) }
  }

  /// The field value for a digest of these bytes (RFC 9530).
  static func digest(_ bytes: [UInt8]) -> String {
    "sha-256=:\(Data(SHA256Stream.digest(of: bytes).bytes).base64EncodedString()):"
  }

  /// Bytes that are a function of their position.
  static func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  }
}

extension RawConnection.Answer {
  /// The members of a problem document.
  var problem: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:]
  }
}
