import Foundation
import Platform
import TestSupport
import Vocabulary

/// One file as the IETF's draft has it (interop version 8): created without content, sent in requests of which only the
/// last one ends it, and that one sent again.
final class DraftUpload: KillStepStory {
  let uploads: [KillStepUpload] = []
  private(set) var committed: [String: Set<String>] = [:]
  private let bytes = KillStepContent.large
  private let ends = [100 << 10, 200 << 10]
  private var location: String?
  private var acknowledged = 0

  func proceed(_ client: KillStepClient) throws {
    let location = try created(client)
    while let end = ends.first(where: { $0 > acknowledged }) {
      let answer = try append(client, location, to: end, isLast: false)
      try demand(answer.status == 204, "an append is answered by 204: \(answer)")
      try acknowledge(answer, atMost: end)
    }
    // An append that is complete already is answered as the one before it was, at the same offset.
    for _ in 0..<2 {
      let answer = try append(client, location, to: bytes.count, isLast: true)
      try demand((200..<300).contains(answer.status), "the last append ends the upload: \(answer)")
      try demand(answer.headers["upload-complete"] == "?1", "it is complete: \(answer)")
      try acknowledge(answer, atMost: bytes.count)
    }
    let push = try client.eventually("\(location) is committed") {
      let upload = try client.json("GET", location).object
      return upload["state"] as? String == "committed" ? upload["push"] as? String : nil
    }
    committed[push] = [SHA256Stream.digest(of: bytes).hex]
    let events = try client.events { $0["kind"] as? String == "push.committed" }
    let creations = events.filter { $0["kind"] as? String == "upload.created" }
    try demand(
      creations.count == 1, "a creation with a key makes one upload, however often it is sent: \(events)")
    let stored = try client.request("GET", location).body
    try demand(stored == bytes, "the file has the bytes that were sent: \(stored.count)")
  }

  func demandKept(_ client: KillStepClient) throws {
    guard let location else { return }
    let answer = try client.request("HEAD", location, ["Upload-Draft-Interop-Version": "8"])
    try demand((200..<300).contains(answer.status), "an acknowledged upload is there: \(answer)")
    try acknowledge(answer, atMost: bytes.count)
  }

  /// Created with a key, so that a lost answer costs nothing.
  private func created(_ client: KillStepClient) throws -> String {
    if let location { return location }
    let answer = try client.request(
      "POST", "/files/",
      ["Upload-Draft-Interop-Version": "8", "Upload-Complete": "?0", "Idempotency-Key": "draft"], body: []
    ) { try self.learnLocation($0, status: 104) }
    return try learnLocation(answer, status: 201)
  }

  /// An upload whose URL was told is there from then on, also when the answer never came.
  @discardableResult
  private func learnLocation(_ answer: RawConnection.Answer, status: Int) throws -> String {
    guard answer.status == status, let url = answer.headers["location"],
      let path = url.range(of: "/files/").map({ String(url[$0.lowerBound...]) })
    else { throw BrokenLaw("a creation tells its URL in a \(status): \(answer)") }
    try demand(location == nil || location == path, "each answer tells one URL: \(location ?? ""), \(path)")
    location = path
    return path
  }

  private func append(
    _ client: KillStepClient, _ location: String, to end: Int, isLast: Bool
  ) throws -> RawConnection.Answer {
    try client.request(
      "PATCH", location,
      [
        "Upload-Draft-Interop-Version": "8", "Upload-Complete": isLast ? "?1" : "?0",
        "Upload-Offset": String(acknowledged), "Content-Type": "application/partial-upload",
      ], body: Array(bytes[acknowledged..<end])
    ) { try self.acknowledge($0, atMost: end) }
  }

  private func acknowledge(_ answer: RawConnection.Answer, atMost end: Int) throws {
    guard let offset = answer.headers["upload-offset"].flatMap({ Int($0) }) else {
      throw BrokenLaw("an answer tells the offset: \(answer)")
    }
    try demand(offset >= acknowledged, "offset \(acknowledged) was acknowledged, now it is \(offset)")
    try demand(offset <= end, "no byte counts that was not sent: offset \(offset) of \(end)")
    acknowledged = offset
  }
}
