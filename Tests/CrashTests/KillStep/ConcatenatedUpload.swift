import Platform
import TestSupport
import Vocabulary

/// Two parts, and a file made of them that is asked for before the second is complete.
final class ConcatenatedUpload: KillStepStory {
  let uploads = [
    KillStepUpload(
      KillStepContent.large, ends: [100 << 10, 300 << 10], fields: ["Upload-Concat": "partial"]),
    KillStepUpload(KillStepContent.small[0], ends: [1 << 10, 2 << 10], fields: ["Upload-Concat": "partial"]),
  ]
  private(set) var committed: [String: Set<String>] = [:]
  private var final: String?

  private var bytes: [UInt8] { uploads[0].bytes + uploads[1].bytes + uploads[0].bytes }

  func proceed(_ client: KillStepClient) throws {
    try uploads[0].create(client)
    try uploads[1].create(client)
    try uploads[0].send(client)
    let final = try self.final ?? created(client)
    self.final = final
    try uploads[1].send(client)
    let push = try client.eventually("\(final) is committed") {
      let upload = try client.json("GET", final).object
      return upload["state"] as? String == "committed" ? upload["push"] as? String : nil
    }
    committed[push] = [SHA256Stream.digest(of: bytes).hex]
    let stored = try client.request("GET", final).body
    try demand(stored == bytes, "a file made of parts has their bytes: \(stored.count)")
  }

  /// Asked for again after a lost answer, it is the one that is there: the laws find no second bundle.
  private func created(_ client: KillStepClient) throws -> String {
    guard let one = uploads[0].location, let two = uploads[1].location else {
      throw BrokenLaw("parts have locations")
    }
    let answer = try client.request(
      "POST", "/files/", ["Tus-Resumable": "1.0.0", "Upload-Concat": "final;\(one) \(two) \(one)"], body: [])
    guard answer.status == 201, let location = answer.headers["location"] else {
      throw BrokenLaw("a final upload is answered by 201: \(answer)")
    }
    return location
  }
}
