import Foundation
import Platform
import TestSupport
import Vocabulary

/// One file that is sent by tus, and what the server has said of it.
///
/// Every function may be called again after a crash and goes on from what the server acknowledged, as a client of
/// tus does; `demandKept` compares that with what a restarted server says.
final class KillStepUpload {
  let bytes: [UInt8]
  /// Where each request ends; of one that is sent with its creation, not used.
  private let ends: [Int]
  private let isSentWithCreation: Bool
  private let isChecksummed: Bool
  private let metadata: [String: String]
  /// Further header fields of the creation.
  private let fields: [String: String]
  /// The file's declared digest is another's.
  private let isDoomed: Bool

  private(set) var location: String?
  /// Creations that were sent and not answered.
  private(set) var lostCreations = 0
  private(set) var acknowledged = 0
  private(set) var isRejected = false
  private(set) var isDeleted = false
  private var sent = 0
  private var state = "created"
  private var mustAskOffset = false
  private var mayBeDeleted = false

  init(
    _ bytes: [UInt8], ends: [Int] = [], isSentWithCreation: Bool = false, isChecksummed: Bool = false,
    isDoomed: Bool = false, metadata: [String: String] = [:], fields: [String: String] = [:]
  ) {
    self.fields = fields
    self.bytes = bytes
    self.ends = ends
    self.isSentWithCreation = isSentWithCreation
    self.isChecksummed = isChecksummed
    self.isDoomed = isDoomed
    let doom = isDoomed ? ["sha256": String(repeating: "0", count: 64)] : [:]
    self.metadata = metadata.merging(doom) { $1 }
  }

  var digest: String { SHA256Stream.digest(of: bytes).hex }

  /// Creates the upload, unless the server has said that it did.
  func create(_ client: KillStepClient) throws {
    if location != nil || isRejected { return }
    var headers = ["Tus-Resumable": "1.0.0", "Upload-Length": String(bytes.count)]
    let fields = metadata.sorted { $0.key < $1.key }
      .map { "\($0.key) \(Base64.encode(Array($0.value.utf8)))" }
    if !fields.isEmpty { headers["Upload-Metadata"] = fields.joined(separator: ",") }
    headers.merge(self.fields) { $1 }
    if isSentWithCreation { headers["Content-Type"] = "application/offset+octet-stream" }
    // Counted until the answer is there: a request that throws stays counted.
    lostCreations += 1
    let answer = try client.request("POST", "/files/", headers, body: isSentWithCreation ? bytes : [])
    lostCreations -= 1
    if isDoomed && isSentWithCreation && answer.status == 422 {
      isRejected = true
      return
    }
    guard answer.status == 201, let url = answer.headers["location"],
      let path = url.range(of: "/files/").map({ String(url[$0.lowerBound...]) })
    else { throw BrokenLaw("a creation is answered by 201: \(answer.status) \(answer.text)") }
    location = path
    if isSentWithCreation { sent = bytes.count }
    if let offset = answer.headers["upload-offset"].flatMap({ Int($0) }) { try acknowledge(offset) }
  }

  /// Sends what the server has not acknowledged, up to the end of a request.
  func send(_ client: KillStepClient, to limit: Int? = nil) throws {
    let limit = limit ?? bytes.count
    if mustAskOffset { try askOffset(client) }
    while acknowledged < limit && !isRejected && !isDeleted {
      let offset = acknowledged
      let end = ends.first { $0 > offset } ?? bytes.count
      sent = max(sent, end)
      let answer = try patch(client, Array(bytes[offset..<end]), checksumOf: bytes[offset..<end])
      if isDoomed && end == bytes.count && answer.status == 422 {
        isRejected = true
        return
      }
      guard answer.status == 204, answer.headers["upload-offset"] == String(end) else {
        throw BrokenLaw("a PATCH at \(offset) is answered by 204 and \(end): \(answer)")
      }
      try acknowledge(end)
    }
  }

  /// Sends the next chunk with other bytes than its checksum says; true when the server has refused it.
  func sendDamaged(_ client: KillStepClient) throws -> Bool {
    if mustAskOffset { try askOffset(client) }
    let end = ends.first { $0 > acknowledged } ?? bytes.count
    let chunk = bytes[acknowledged..<end]
    let answer = try patch(client, chunk.map { ~$0 }, checksumOf: chunk)
    try demand(answer.status == 460, "a chunk with a wrong checksum is refused by 460: \(answer)")
    try askOffset(client)
    return true
  }

  func delete(_ client: KillStepClient) throws {
    guard let location, !isDeleted else { return }
    mayBeDeleted = true
    let answer = try client.request("DELETE", location, ["Tus-Resumable": "1.0.0"])
    try demand([204, 410].contains(answer.status), "a DELETE is answered by 204 or 410: \(answer)")
    isDeleted = true
  }

  /// Waits until the upload is in a bundle, and returns its push.
  func committedPush(_ client: KillStepClient) throws -> String {
    try awaitState(["committed"], client)
    guard let location, let push = try client.json("GET", location).object["push"] as? String else {
      throw BrokenLaw("a committed upload names its push")
    }
    return push
  }

  func awaitState(_ wanted: Set<String>, _ client: KillStepClient) throws {
    guard let location else { throw BrokenLaw("an upload that was created has a location") }
    state = try client.eventually("\(location) is \(wanted)") {
      let state = try client.json("GET", location).object["state"] as? String ?? ""
      try demand(isDoomed || state != "rejected", "\(location), which was sent well, is not rejected")
      return wanted.contains(state) ? state : nil
    }
  }

  /// Right after a restart: what was acknowledged is there, byte by byte, and what was refused is not.
  func demandKept(_ client: KillStepClient) throws {
    mustAskOffset = true
    guard let location else { return }
    try askOffset(client)
    if isDeleted { return }
    let found = try client.json("GET", location).object["state"] as? String ?? ""
    if isRejected {
      return try demand(found == "rejected", "a rejected upload stays rejected: it is \(found)")
    }
    let order = ["created", "receiving", "received", "verified", "committed"]
    let before = try position(state, in: order)
    try demand(try position(found, in: order) >= before, "\(state) is followed by no \(found)")
    if ["verified", "committed"].contains(found) {
      let stored = try client.request("GET", location).body
      try demand(stored == bytes, "a finished upload has the bytes that were sent: \(stored.count) bytes")
    } else if acknowledged > 0 {
      let stored = try client.json("GET", "\(location)/digest?to=\(acknowledged)").object
      let digest = SHA256Stream.digest(of: Array(bytes[..<acknowledged])).hex
      try demand(stored["digest"] as? String == digest, "\(acknowledged) bytes are those sent: \(stored)")
    }
  }

  private func position(_ state: String, in order: [String]) throws -> Int {
    guard let position = order.firstIndex(of: state) else { throw BrokenLaw("an upload is not \(state)") }
    return position
  }

  private func patch(_ client: KillStepClient, _ body: [UInt8], checksumOf chunk: ArraySlice<UInt8>) throws
    -> RawConnection.Answer
  {
    guard let location else { throw BrokenLaw("an upload that was created has a location") }
    var headers = [
      "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream",
      "Upload-Offset": String(acknowledged),
    ]
    if isChecksummed {
      let hash = ChecksumStream(.sha1)
      hash.update(Array(chunk))
      headers["Upload-Checksum"] = "sha1 \(Base64.encode(hash.finish()))"
    }
    return try client.request("PATCH", location, headers, body: body)
  }

  private func askOffset(_ client: KillStepClient) throws {
    guard let location else { return }
    mustAskOffset = false
    let answer = try client.request("HEAD", location, ["Tus-Resumable": "1.0.0"])
    if mayBeDeleted && answer.status == 410 {
      isDeleted = true
    } else if isDoomed && sent == bytes.count && answer.status == 422 {
      isRejected = true
    } else {
      try demand(!isDeleted, "a deleted upload stays gone: HEAD is answered by \(answer.status)")
      try demand(!isRejected, "a rejected upload stays rejected: HEAD is answered by \(answer.status)")
      guard (200..<300).contains(answer.status),
        let offset = answer.headers["upload-offset"].flatMap({ Int($0) })
      else { throw BrokenLaw("HEAD is answered by an offset of at least \(acknowledged): \(answer)") }
      try acknowledge(offset)
    }
  }

  private func acknowledge(_ offset: Int) throws {
    try demand(offset >= acknowledged, "offset \(acknowledged) was acknowledged, now it is \(offset)")
    try demand(offset <= sent, "no byte counts that was not sent well: offset \(offset) of \(sent)")
    let isWhole = !isChecksummed || offset == 0 || ends.contains(offset)
    try demand(isWhole, "a chunk with a checksum counts whole or not at all: offset \(offset)")
    acknowledged = offset
  }
}
