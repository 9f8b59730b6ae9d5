import Vocabulary

/// The requests of tus 1.0.0 that the scenarios make, over one connection. Every answer is checked.
final class UploadClient: Sendable {
  private let connection: Connection
  private let address: Address
  private let payload: Payload

  init(to address: Address, payload: Payload) throws {
    connection = try Connection(to: address)
    self.address = address
    self.payload = payload
  }

  /// What `Upload-Metadata` says: a push and a path in it, or the digest of the whole file.
  static func metadata(_ pairs: [(key: String, value: String)]) -> String {
    pairs.map { "\($0.key) \(Base64.encode(Array($0.value.utf8)))" }.joined(separator: ",")
  }

  /// Creates an upload without bytes; its path.
  func create(_ upload: Upload, metadata: String? = nil) throws -> String {
    var fields: [(StaticString, String)] = [("Upload-Length", "\(upload.length)")]
    if let metadata { fields.append(("Upload-Metadata", metadata)) }
    return try location(of: connection.request("POST", address.path, fields))
  }

  /// Creates a small upload with all its bytes; its path.
  func createWithUpload(_ upload: Upload, metadata: String? = nil) throws -> String {
    var fields: [(StaticString, String)] = [
      ("Upload-Length", "\(upload.length)"), ("Content-Type", "application/offset+octet-stream"),
    ]
    if let metadata { fields.append(("Upload-Metadata", metadata)) }
    let response = try connection.request("POST", address.path, fields, .bytes(payload.bytes(of: upload)))
    guard response.uploadOffset == upload.length else {
      throw unexpected("creation-with-upload", response)
    }
    return try location(of: response)
  }

  /// Sends small uploads as frames in one request; they must all be stored.
  func batch(_ uploads: [Upload], push: String) throws {
    var body: [UInt8] = []
    for upload in uploads {
      let header = Array(#"{"path":"\#(upload.number)","size":\#(upload.length)}"#.utf8)
      body += (0..<4).map { UInt8(truncatingIfNeeded: header.count >> (24 - 8 * $0)) } + header
      body += payload.bytes(of: upload)
    }
    let response = try connection.request(
      "POST", "/files/batch?push=\(push)", [("Content-Type", "application/vnd.sheaf.frames")], .bytes(body))
    let stored = response.text.ranges(of: #""status":"stored""#).count
    guard response.status / 100 == 2, stored == uploads.count else {
      throw unexpected("POST batch", response)
    }
  }

  func append(_ range: Range<Int>, of upload: Upload, at path: String) throws {
    let response = try connection.request(
      "PATCH", path,
      [("Upload-Offset", "\(range.lowerBound)"), ("Content-Type", "application/offset+octet-stream")],
      .part(upload, range, payload))
    guard response.status / 100 == 2, response.uploadOffset == range.upperBound else {
      throw unexpected("PATCH", response)
    }
  }

  func offset(at path: String) throws -> Int {
    let response = try connection.request("HEAD", path)
    guard response.status / 100 == 2, let offset = response.uploadOffset else {
      throw unexpected("HEAD", response)
    }
    return offset
  }

  func delete(_ path: String) throws {
    let response = try connection.request("DELETE", path)
    guard response.status / 100 == 2 else { throw unexpected("DELETE", response) }
  }

  /// The text of any other resource.
  func get(_ path: String) throws -> String {
    let response = try connection.request("GET", path)
    guard response.status == 200 else { throw unexpected("GET \(path)", response) }
    return response.text
  }

  func post(_ path: String, json: String) throws -> String {
    let response = try connection.request(
      "POST", path, [("Content-Type", "application/json")], .bytes(Array(json.utf8)))
    guard response.status / 100 == 2 else { throw unexpected("POST \(path)", response) }
    return response.text
  }

  /// A path, however the server spells it: URL, absolute or relative.
  private func location(of response: Response) throws -> String {
    guard response.status == 201, let location = response.location else {
      throw unexpected("POST", response)
    }
    if location.hasPrefix("/") { return location }
    guard location.hasPrefix("http") else { return address.path + location }
    let authority = location.drop { $0 != "/" }.dropFirst(2)
    return String(authority.drop { $0 != "/" })
  }

  private func unexpected(_ request: String, _ response: Response) -> BenchmarkError {
    BenchmarkError(
      "\(request) was answered with status \(response.status), "
        + "offset \(response.uploadOffset.map(String.init) ?? "none"): \(response.text.prefix(300))")
  }
}

/// The integer of the member `key` in JSON text, where it is first.
func integer(of key: String, in json: String) -> Int? {
  value(of: key, in: json).flatMap { Int($0.prefix { $0.isNumber || $0 == "-" }) }
}

/// The string of the member `key` in JSON text, where it is first; without escapes.
func string(of key: String, in json: String) -> String? {
  guard let value = value(of: key, in: json), value.first == "\"" else { return nil }
  return String(value.dropFirst().prefix { $0 != "\"" })
}

private func value(of key: String, in json: String) -> Substring? {
  guard let range = json.firstRange(of: "\"\(key)\"") else { return nil }
  let rest = json[range.upperBound...].drop { $0 == " " }
  return rest.first == ":" ? rest.dropFirst().drop { $0 == " " } : nil
}
