import Foundation
import TestSupport
import Testing

/// Requests of tus 1.0.0 for tests that are about something else.
enum TusRequests {
  static let version: KeyValuePairs = ["Tus-Resumable": "1.0.0"]

  static func patch(_ offset: Int) -> KeyValuePairs<String, String> {
    [
      "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream",
      "Upload-Offset": String(offset),
    ]
  }
}

extension GatewayProcess {
  static func running(_ arguments: [String] = [], dataFolder: String? = nil) throws -> GatewayProcess {
    let server = try GatewayProcess(dataFolder: dataFolder, arguments: arguments)
    try server.start()
    return server
  }

  /// A creation without content, as it was answered.
  func creation(length: Int?) throws -> RawConnection.Answer {
    let length = length.map { ("Upload-Length", String($0)) } ?? ("Upload-Defer-Length", "1")
    return try request(
      "POST", "/files/", ["Tus-Resumable": "1.0.0", length.0: length.1], body: [])
  }

  /// The path of a new upload.
  func upload(length: Int?) throws -> String {
    let answer = try creation(length: length)
    try #require(answer.status == 201, "\(answer)")
    let location = try #require(answer.headers["location"])
    return try #require(URL(string: location)).path
  }

  func offset(of path: String) throws -> Int? {
    try request("HEAD", path, TusRequests.version).headers["upload-offset"].flatMap { Int($0) }
  }

  /// A request that stays in the middle of its body, of which the server has `count` bytes.
  func stalledPatch(_ path: String, of length: Int, after count: Int) throws -> RawConnection {
    let holder = try connect()
    try holder.send(RawConnection.head("PATCH", path, TusRequests.patch(0), length: length))
    try holder.send([UInt8](repeating: 7, count: count))
    try eventually("\(count) bytes stored") { try json("GET", path).object["offset"] as? Int == count }
    return holder
  }
}

extension RawConnection.Answer {
  /// The code of a problem document.
  var code: String? {
    (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])?["code"] as? String
  }
}
