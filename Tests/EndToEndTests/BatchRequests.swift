import Foundation
import TestSupport

/// One file as it travels in a batch.
func frame(_ path: String, _ content: [UInt8], more: String = "") -> [UInt8] {
  let header = Array(#"{"path":"\#(path)","size":\#(content.count)\#(more)}"#.utf8)
  return withUnsafeBytes(of: UInt32(header.count).bigEndian) { Array($0) } + header + content
}

/// What was answered to a batch.
struct BatchAnswer {
  var status: Int
  var object: [String: Any]
  var items: [[String: Any]] { object["items"] as? [[String: Any]] ?? [] }
  var statuses: [String] { items.map { "\($0["path"] ?? "") \($0["status"] ?? "")" } }
  var push: [String: Any] { object["push"] as? [String: Any] ?? [:] }

  init(_ answer: RawConnection.Answer) throws {
    status = answer.status
    object = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any] ?? [:]
  }
}

extension GatewayProcess {
  func batch(
    _ query: String, _ body: [UInt8], type: String = "application/vnd.sheaf.frames", key: String? = nil
  ) throws -> BatchAnswer {
    let connection = try connect()
    try connection.sendBatchHead(query, length: body.count, type: type, key: key)
    try connection.send(body)
    return try BatchAnswer(try connection.answer())
  }
}

extension RawConnection {
  func sendBatchHead(
    _ query: String, length: Int, type: String = "application/vnd.sheaf.frames", key: String? = nil
  ) throws {
    let fields: WireFields = [("Content-Type", type)] + (key.map { [("Idempotency-Key", $0)] } ?? [])
    try sendHead("POST", "/files/batch" + query, fields, length: length)
  }
}
