import AsyncHTTPClient
import Client
import Foundation
import NIOCore
import NIOHTTP1
import Platform
import Vocabulary

/// One request, read whole.
struct FakeRequest: Sendable {
  var method: String
  /// Scheme, host and port.
  var origin: String
  var path: String
  var query: String
  var headers: HTTPHeaders
  var body: [UInt8]

  /// Method and path, with every upload's id written as `ID`.
  var line: String {
    let parts = path.split(separator: "/").map { UploadID(String($0)) == nil ? String($0) : "ID" }
    return "\(method) /" + parts.joined(separator: "/")
  }
}

struct FakeAnswer: Sendable {
  var status: Int
  var fields: [(String, String)] = []
  var body: [UInt8] = []

  static func json(_ status: Int, _ object: Any) throws -> FakeAnswer {
    FakeAnswer(status: status, body: Array(try JSONSerialization.data(withJSONObject: object)))
  }
  static func problem(_ code: String, _ status: Int) -> FakeAnswer {
    FakeAnswer(status: status, body: Array(#"{"code":"\#(code)","title":"t"}"#.utf8))
  }
}

/// A gateway in memory, just good enough for one push; a test may answer in its place.
final class FakeGateway: HTTPTransport {
  struct Upload: Sendable {
    var id: UploadID
    var path: String
    var length: Int
    var bytes: [UInt8] = []
    var isFinished: Bool { bytes.count == length }
    var digest: String { SHA256Stream.digest(of: bytes).hex }
  }
  struct State: Sendable {
    /// By the paths they have in the bundle.
    var uploads: [String: Upload] = [:]
    var requests: [FakeRequest] = []
    var isSealed = false
    var made: Int64 = 0
    /// Goes out with creations, HEAD and PATCH.
    var uploadLimit: String?
    /// What `Location` has before `/files/`.
    var locationPrefix = ""
    /// Changes uploads as they are created.
    var afterCreation: @Sendable (inout Upload) -> Void = { _ in }
  }

  let state = Locked(State())
  /// Answers in the gateway's place; nil lets it answer. Throws to cut the connection before anything happened.
  private let instead: @Sendable (FakeRequest) throws -> FakeAnswer?
  /// Changes an answer of the gateway, or throws to lose it.
  private let afterwards: @Sendable (FakeRequest, inout FakeAnswer) throws -> Void
  /// Of a body no more is read.
  private let bodyLimit: Int

  init(
    instead: @escaping @Sendable (FakeRequest) throws -> FakeAnswer? = { _ in nil },
    afterwards: @escaping @Sendable (FakeRequest, inout FakeAnswer) throws -> Void = { _, _ in },
    bodyLimit: Int = .max
  ) {
    self.instead = instead
    self.afterwards = afterwards
    self.bodyLimit = bodyLimit
  }

  /// What was asked, in order.
  var requests: [FakeRequest] { state.withLock { $0.requests } }
  var lines: [String] { requests.map(\.line) }
  /// The finished files by their paths.
  var files: [String: [UInt8]] {
    state.withLock { $0.uploads.filter(\.value.isFinished).mapValues(\.bytes) }
  }

  func shutdown() async {}

  func execute(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
    var body: [UInt8] = []
    if let parts = request.body {
      for try await part in parts {
        body += part.readableBytesView
        if body.count >= bodyLimit { break }
      }
    }
    let url = URLComponents(string: request.url)
    let seen = FakeRequest(
      method: request.method.rawValue,
      origin: "\(url?.scheme ?? "")://\(url?.host ?? ""):\(url?.port ?? 0)", path: url?.path ?? "",
      query: url?.query ?? "", headers: request.headers, body: body)
    state.withLock { $0.requests.append(seen) }
    var answer = try instead(seen) ?? state.withLock { try $0.answer(seen) }
    try afterwards(seen, &answer)
    return HTTPClientResponse(
      status: HTTPResponseStatus(statusCode: answer.status), headers: HTTPHeaders(answer.fields),
      body: .bytes(ByteBuffer(bytes: answer.body)))
  }
}

extension FakeGateway.State {
  fileprivate mutating func answer(_ request: FakeRequest) throws -> FakeAnswer {
    let parts = request.path.split(separator: "/").map(String.init)
    switch (request.method, parts.count) {
    case ("POST", 2) where parts[1] == "batch": return try batch(request)
    case ("POST", 1): return create(request)
    case ("POST", 3) where parts[2] == "pushes": return try push(201)
    case ("GET", 4): return try push(200)
    case ("GET", 5): return try FakeAnswer.json(200, ["items": uploads.values.map(\.json), "next": NSNull()])
    case ("POST", 5):
      isSealed = true
      return try push(202)
    default: break
    }
    guard parts.count >= 2, let upload = uploads.values.first(where: { $0.id.text == parts[1] }) else {
      return .problem("not-found", 404)
    }
    return try answer(request, upload, parts)
  }

  private mutating func answer(
    _ request: FakeRequest, _ upload: FakeGateway.Upload, _ parts: [String]
  ) throws -> FakeAnswer {
    switch (request.method, parts.last) {
    case ("GET", "blocks"):
      let blocks = stride(from: 0, to: upload.bytes.count, by: 1 << 20).map { start in
        SHA256Stream.digest(of: Array(upload.bytes[start..<min(upload.bytes.count, start + (1 << 20))])).hex
      }
      return try .json(200, ["blockBytes": 1 << 20, "offset": upload.bytes.count, "blocks": blocks])
    case ("POST", "verify"):
      let isMatch = String(decoding: request.body, as: UTF8.self).contains(upload.digest)
      return isMatch ? try .json(200, ["match": true]) : .problem("digest-mismatch", 409)
    case ("HEAD", _):
      return FakeAnswer(
        status: 200,
        fields: offset(of: upload) + [
          ("Upload-Length", String(upload.length)),
          ("Upload-State", upload.isFinished ? "verified" : "receiving"),
        ])
    case ("PATCH", _):
      guard request.headers.first(name: "Upload-Offset") == String(upload.bytes.count) else {
        return .problem("offset-mismatch", 409)
      }
      var upload = upload
      upload.bytes += request.body
      uploads[upload.path] = upload
      return FakeAnswer(status: 204, fields: offset(of: upload))
    case ("DELETE", _):
      uploads[upload.path] = nil
      return FakeAnswer(status: 204)
    default: return .problem("not-found", 404)
    }
  }

  private func offset(of upload: FakeGateway.Upload) -> [(String, String)] {
    [("Upload-Offset", String(upload.bytes.count))] + (uploadLimit.map { [("Upload-Limit", $0)] } ?? [])
  }

  private func push(_ status: Int) throws -> FakeAnswer {
    let bundle: [String: Any] = ["id": "b", "sequence": 1, "digest": "d"]
    return try .json(
      status,
      [
        "id": pushID.text, "repo": "r", "state": isSealed ? "committed" : "open",
        "bundle": isSealed ? bundle as Any : NSNull(),
      ])
  }

  private mutating func make(_ path: String, length: Int) -> FakeGateway.Upload {
    made += 1
    let id = UploadID(milliseconds: 1_700_000_000_000 + made, random: Array(repeating: 7, count: 10))
    return FakeGateway.Upload(id: id, path: path, length: length)
  }

  private mutating func create(_ request: FakeRequest) -> FakeAnswer {
    let pairs = (request.headers.first(name: "Upload-Metadata") ?? "").split(separator: ",")
    let path = pairs.first { $0.hasPrefix("path ") }.flatMap { Base64.decode($0.dropFirst(5)) } ?? []
    guard let length = request.headers.first(name: "Upload-Length").flatMap({ Int($0) }) else {
      return .problem("bad-header", 400)
    }
    var upload = make(String(decoding: path, as: UTF8.self), length: length)
    upload.bytes = request.body
    afterCreation(&upload)
    uploads[upload.path] = upload
    return FakeAnswer(
      status: 201, fields: [("Location", "\(locationPrefix)/files/\(upload.id)")] + offset(of: upload))
  }

  private mutating func batch(_ request: FakeRequest) throws -> FakeAnswer {
    var items: [[String: Any]] = []
    for frame in try FakeFrame.read(request.body) {
      var item: [String: Any] = ["path": frame.path]
      if let there = uploads[frame.path], there.isFinished {
        item["status"] = there.bytes == frame.content ? "exists" : "refused"
        item["upload"] = there.id.text
        item["digest"] = there.digest
        if there.bytes != frame.content { item["error"] = ["code": "path-conflict", "detail": "taken"] }
      } else {
        var upload = make(frame.path, length: frame.content.count)
        upload.bytes = frame.content
        uploads[frame.path] = upload
        item["status"] = "stored"
        item["upload"] = upload.id.text
        item["digest"] = upload.digest
      }
      items.append(item)
    }
    return try .json(200, ["push": pushID.text, "items": items])
  }
}

extension FakeGateway.Upload {
  fileprivate var json: [String: Any] {
    [
      "id": id.text, "state": isFinished ? "verified" : "receiving", "offset": bytes.count, "length": length,
      "path": path, "digest": isFinished ? digest : NSNull(),
    ]
  }
}

/// One file of a batch, read by the words of docs/api.md.
struct FakeFrame {
  struct Broken: Error {}
  var path: String
  var members: [String: Any]
  var content: [UInt8]

  static func read(_ bytes: [UInt8]) throws -> [FakeFrame] {
    var frames: [FakeFrame] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      guard rest.count >= 4 else { throw Broken() }
      let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(4)
      guard rest.count >= count,
        let members = try JSONSerialization.jsonObject(with: Data(rest.prefix(count))) as? [String: Any],
        let path = members["path"] as? String, let size = members["size"] as? Int
      else { throw Broken() }
      rest = rest.dropFirst(count)
      guard rest.count >= size else { throw Broken() }
      frames.append(FakeFrame(path: path, members: members, content: Array(rest.prefix(size))))
      rest = rest.dropFirst(size)
    }
    return frames
  }
}
