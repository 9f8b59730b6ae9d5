/// A push of three files, large and small, which the client seals.
final class PushOfFiles: KillStepStory {
  private(set) var uploads: [KillStepUpload] = []
  private(set) var committed: [String: Set<String>] = [:]
  private var push: String?
  private var isSealed = false

  private static let names = ["large.bin", "small/one", "small/two"]

  func proceed(_ client: KillStepClient) throws {
    let push = try opened(client)
    for upload in uploads {
      try upload.create(client)
      try upload.send(client)
    }
    // A push can be sealed when its files are verified, which may come after their bytes are acknowledged.
    for upload in uploads { try upload.awaitState(["verified", "committed"], client) }
    if !isSealed {
      let answer = try client.json("POST", "/api/v1/pushes/\(push)/seal")
      // 200: it was sealed before the answer was lost.
      try demand(
        [200, 202].contains(answer.status), "a push whose files are verified can be sealed: \(answer)")
      isSealed = true
    }
    for upload in uploads {
      try demand(try upload.committedPush(client) == push, "a file is committed with its own push")
    }
    committed[push] = Set(uploads.map(\.digest))
  }

  func demandKept(_ client: KillStepClient) throws {
    for upload in uploads { try upload.demandKept(client) }
    guard let push else { return }
    let answer = try client.json("GET", "/api/v1/pushes/\(push)")
    try demand(answer.status == 200, "an acknowledged push is there: \(answer)")
    let state = answer.object["state"] as? String ?? ""
    var allowed: Set = ["queued", "admitted", "committing", "committed"]
    if !isSealed { allowed.insert("open") }
    try demand(allowed.contains(state), "a push goes on after a crash (sealed: \(isSealed)): it is \(state)")
  }

  /// A push whose id was lost is never used: the client opens another one.
  private func opened(_ client: KillStepClient) throws -> String {
    if let push { return push }
    let answer = try client.json("POST", "/api/v1/pushes", ["repo": "films", "message": "killed"])
    guard answer.status == 201, let id = answer.object["id"] as? String else {
      throw BrokenLaw("a push is opened by 201: \(answer)")
    }
    push = id
    uploads = Self.names.enumerated().map { index, name in
      // With its modification time a creation can be asked for again, whether or not it has a digest.
      let metadata = ["push": id, "path": name, "mtime": "1763690000"]
      if index == 0 {
        return KillStepUpload(KillStepContent.large, ends: [150 << 10, 300 << 10], metadata: metadata)
      }
      let small = KillStepContent.small[index - 1]
      return KillStepUpload(small, isSentWithCreation: true, metadata: metadata)
    }
    return id
  }
}
