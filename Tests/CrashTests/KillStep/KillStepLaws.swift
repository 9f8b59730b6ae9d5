import TestSupport

/// What must hold on a server on which a story has come to its end.
struct KillStepLaws {
  let client: KillStepClient

  private struct Bundle {
    let push: String
    let digests: Set<String>
  }

  func demandKept(_ story: any KillStepStory) throws {
    let last = try lastPush()
    var bundles = try allBundles()
    let pushes = bundles.map(\.push)
    try demand(Set(pushes).count == pushes.count, "a push has one bundle: \(bundles)")
    try demandEvents(upTo: last, committed: Set(pushes))

    bundles.removeAll { $0.push == last }
    for (push, digests) in story.committed {
      guard let index = bundles.firstIndex(where: { $0.push == push }) else {
        throw BrokenLaw("the committed push \(push) has a bundle: \(bundles)")
      }
      try demand(bundles[index].digests == digests, "a bundle has what was sent: \(bundles[index])")
      bundles.remove(at: index)
    }
    // Of a file that came whole with a creation whose answer was lost the client knows nothing, and sent it again.
    var unknown = story.uploads.flatMap { [String](repeating: $0.digest, count: $0.lostCreations) }
    for bundle in bundles {
      let index = bundle.digests.first.flatMap { unknown.firstIndex(of: $0) }
      guard let index, bundle.digests.count == 1 else {
        throw BrokenLaw("nothing is in a bundle that was not sent for one: \(bundle)")
      }
      unknown.remove(at: index)
    }
  }

  /// Commits one more push: the server works, and everything that was to be committed before it has been.
  private func lastPush() throws -> String {
    let opened = try client.json("POST", "/api/v1/pushes", ["repo": "last", "message": "last"]).object
    guard let push = opened["id"] as? String else { throw BrokenLaw("a push can be opened: \(opened)") }
    let upload = KillStepUpload(
      Array("last".utf8), isSentWithCreation: true, metadata: ["push": push, "path": "last"])
    try upload.create(client)
    try upload.awaitState(["verified"], client)
    let sealed = try client.json("POST", "/api/v1/pushes/\(push)/seal")
    try demand(sealed.status == 202, "a push can be sealed: \(sealed)")
    try upload.awaitState(["committed"], client)
    try client.eventually("every sealed push is committed") {
      let states = try client.items("/api/v1/pushes?status=ongoing").map { $0["state"] as? String }
      return states.allSatisfy { $0 == "open" } ? () : nil
    }
    return push
  }

  private func allBundles() throws -> [Bundle] {
    try client.items("/api/v1/repos").flatMap { repo in
      guard let name = repo["name"] as? String else { throw BrokenLaw("a repo has a name: \(repo)") }
      return try client.items("/api/v1/repos/\(name)/bundles").map { try verified($0, in: name) }
    }
  }

  /// A bundle whose every stored byte has been read and compared.
  private func verified(_ bundle: [String: Any], in repo: String) throws -> Bundle {
    guard let id = bundle["id"] as? String, let push = bundle["push"] as? String else {
      throw BrokenLaw("a bundle has an id and a push: \(bundle)")
    }
    let path = "/api/v1/repos/\(repo)/bundles/\(id)"
    let check = try client.json("POST", "\(path)/verify?deep=1")
    try demand(check.object["match"] as? Bool == true, "a bundle's files are whole: \(check)")
    let digests = try client.items("\(path)/files").compactMap { $0["sha256"] as? String }
    return Bundle(push: push, digests: Set(digests))
  }

  private func demandEvents(upTo last: String, committed pushes: Set<String>) throws {
    let events = try client.events {
      $0["kind"] as? String == "push.committed" && $0["subject"] as? String == last
    }
    let numbers = events.compactMap { $0["sequence"] as? Int }
    try demand(numbers == Array(1...max(1, events.count)), "events are numbered from 1 on: \(numbers)")
    func subjects(_ kind: String) -> [String] {
      events.filter { $0["kind"] as? String == kind }.compactMap { $0["subject"] as? String }
    }
    try demand(subjects("storage.fault").isEmpty, "a crash is no fault of the storage: \(events)")
    let committed = subjects("push.committed").sorted()
    try demand(committed == pushes.sorted(), "each bundle has one event: \(committed), \(pushes)")
    for kind in ["upload.verified", "upload.rejected", "upload.cancelled"] {
      let ended = subjects(kind)
      try demand(Set(ended).count == ended.count, "an upload is \(kind) once: \(ended)")
    }
  }
}
