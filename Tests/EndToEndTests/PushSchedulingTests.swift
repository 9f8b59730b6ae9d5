import Foundation
import TestSupport
import Testing

/// Pushes on their way through the scheduler, by requests and by `sheaf pushes`.
@Suite struct PushSchedulingTests {
  private func running(_ arguments: [String] = []) throws -> GatewayProcess {
    let server = try GatewayProcess(arguments: arguments)
    try server.start()
    return server
  }

  /// An open push with so many small files.
  private func opened(
    _ server: GatewayProcess, _ repo: String, files: Int = 1, message: String = "m", label: String? = nil,
    bytes: Int = 0
  ) throws -> String {
    var fields = ["repo": repo, "message": message, "author": "Ada"]
    fields["label"] = label
    let answer = try server.json("POST", "/api/v1/pushes", fields)
    let push = try #require(answer.object["id"] as? String, "\(answer)")
    let body = (0..<files).flatMap {
      frame("f\($0)", Array("content \($0)".utf8) + [UInt8](repeating: 7, count: bytes))
    }
    #expect(try server.batch("?push=\(push)", body).status < 300)
    return push
  }

  private func act(_ server: GatewayProcess, _ push: String, _ action: String) throws -> (
    status: Int, object: [String: Any]
  ) { try server.json("POST", "/api/v1/pushes/\(push)/\(action)") }

  private func push(_ server: GatewayProcess, _ id: String) throws -> [String: Any] {
    try server.json("GET", "/api/v1/pushes/\(id)").object
  }

  private func log(_ server: GatewayProcess, _ id: String) throws -> [String] {
    let answer = try server.request("GET", "/api/v1/pushes/\(id)/log")
    #expect(answer.status == 200 && answer.headers["content-disposition"]?.hasPrefix("attachment") == true)
    return String(decoding: answer.body, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// Removes the bytes of all larger files, so that their commits fail for good.
  private func removeObjects(_ server: GatewayProcess) throws {
    let root = "\(server.dataFolder)/objects"
    let objects = try FileManager.default.subpathsOfDirectory(atPath: root).filter { path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder)
        && !isFolder.boolValue
    }
    #expect(!objects.isEmpty)
    for path in objects { try FileManager.default.removeItem(atPath: "\(root)/\(path)") }
  }

  @Test("T1 T2 T3 T8 T11 D10 sealing twice is one commit; state, times, counters and the log tell of it")
  func committed() throws {
    let server = try running()
    let id = try opened(server, "films", files: 3)
    #expect(try act(server, id, "seal").status == 202)
    #expect(try act(server, id, "seal").status == 200)
    try eventually("committed") { try push(server, id)["state"] as? String == "committed" }
    #expect(try act(server, id, "seal").status == 200)
    let done = try push(server, id)
    #expect(done["attempts"] as? Int == 1 && done["finishedAt"] is String)
    #expect(done["error"] is NSNull && done["notBefore"] is NSNull && done["waitingFor"] is NSNull)
    #expect(try server.items("/api/v1/repos/films/bundles").count == 1)
    for action in ["cancel", "retry"] {
      let refused = try act(server, id, action)
      #expect(refused.status == 409 && refused.object["code"] as? String == "push-closed")
    }
    let status = try server.json("GET", "/api/v1/status").object
    let scheduler = try #require(status["scheduler"] as? [String: Any])
    for (name, count) in ["started": 1, "committed": 1, "failed": 0, "retried": 0, "queued": 0, "waiting": 0]
    {
      #expect(scheduler[name] as? Int == count, "\(name)")
    }
    #expect(scheduler["lastTickAt"] is String)
    let lines = try log(server, id)
    let wanted = [
      "opened by a client, author \"Ada\": repo films, message \"m\"", "sealed: 3 files verified",
      "admitted: attempt 1",
      "commit begins", "manifest written: 3 files", "descriptor written: films/", "committed bundle",
    ]
    #expect(lines.count == wanted.count, "\(lines)")
    for (line, text) in zip(lines, wanted) { #expect(line.contains(text), "\(line)") }
    #expect(lines.map { $0.prefix(24) } == lines.map { $0.prefix(24) }.sorted())
  }

  @Test("T3 a failure for good says why, can be retried by hand with its attempts anew, and cancelled")
  func failed() throws {
    let server = try running()
    let id = try opened(server, "broken", bytes: 1 << 20)
    try eventually("verified") {
      let files = try push(server, id)["files"] as? [String: Any]
      return files?["verified"] as? Int == 1
    }
    try removeObjects(server)
    #expect(try act(server, id, "seal").status == 202)
    for round in 1...2 {
      try eventually("failed") { try push(server, id)["state"] as? String == "failed" }
      let failed = try push(server, id)
      let error = try #require(failed["error"] as? [String: Any])
      #expect(error["code"] as? String == "storage-fault")
      #expect(failed["status"] as? String == "error" && failed["attempts"] as? Int == 1)
      #expect(failed["finishedAt"] is String && failed["notBefore"] is NSNull)
      if round == 1 { #expect(try act(server, id, "retry").status == 202) }
    }
    #expect(try act(server, id, "cancel").status == 200)
    #expect(try push(server, id)["state"] as? String == "cancelled")
    #expect(try act(server, id, "retry").status == 409)
    #expect(try log(server, id).filter { $0.contains("failed for good") }.count == 2)
    let end = try log(server, id).suffix(2)
    #expect(end.first?.hasSuffix(" cancelled") == true, "\(end)")
    #expect(end.last?.contains("asked for by \"127.0.0.1\"") == true, "\(end)")
    let audited = try server.items("/api/v1/audit").compactMap { $0["kind"] as? String }
    #expect(audited.prefix(2) == ["push.cancelled", "push.queued"], "\(audited)")
    // The repo goes on.
    let next = try opened(server, "broken")
    #expect(try act(server, next, "seal").status == 202)
    try eventually("the next is committed") { try push(server, next)["state"] as? String == "committed" }
  }

  @Test(
    "a push cancelled in the middle of everything is either cancelled, without a bundle, or was committed before"
  )
  func cancelled() throws {
    let server = try running()
    var outcomes: [String: Int] = [:]
    var bundles = 0
    for round in 0..<12 {
      let id = try opened(server, "films", files: 1500)
      #expect(try act(server, id, "seal").status == 202)
      usleep(UInt32(round) * 20_000)
      let answer = try act(server, id, "cancel")
      let state = try #require(try push(server, id)["state"] as? String)
      if answer.status == 200 {
        #expect(state == "cancelled")
      } else {
        #expect(answer.status == 409 && state == "committed")
        bundles += 1
      }
      outcomes[state, default: 0] += 1
    }
    print("cancelled in the middle: \(outcomes)")
    try eventually("nothing runs") {
      let status = try server.json("GET", "/api/v1/status").object
      let scheduler = try #require(status["scheduler"] as? [String: Any])
      return (scheduler["running"] as? [Any])?.isEmpty == true
    }
    #expect(try server.items("/api/v1/repos/films/bundles").count == bundles)
    #expect(try server.items("/api/v1/pushes?status=cancelled").count == 12 - bundles)
    #expect(server.stop() == 0)
    let check = try runProgram(try GatewayProcess.binary, ["doctor", "--deep", "--data", server.dataFolder])
    #expect(check.status == 0, "\(check)")
    // There is no folder when no commit came so far.
    let folder = "\(server.dataFolder)/bundles/films"
    let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    #expect(descriptors.filter { $0.hasSuffix(".json") && $0 != "repo.json" }.count == bundles)
  }

  @Test("D9 the list is filtered by status, state, repo, label, origin and text, and bad filters are named")
  func filters() throws {
    let server = try running()
    let night = try opened(server, "a", message: "Nightly run", label: "n-1")
    let day = try opened(server, "b", message: "daily")
    #expect(try act(server, night, "seal").status == 202)
    try eventually("committed") { try push(server, night)["state"] as? String == "committed" }
    func found(_ query: String) throws -> [String] {
      try server.items("/api/v1/pushes?\(query)").compactMap { $0["id"] as? String }
    }
    #expect(try found("") == [day, night])
    #expect(try found("status=complete") == [night])
    #expect(try found("state=open") == [day])
    #expect(try found("repo=a&text=NIGHT") == [night])
    #expect(try found("label=n-1") == [night])
    #expect(try found("origin=client&state=open") == [day])
    #expect(try found("origin=source") == [])
    #expect(try found("text=ada") == [day, night])
    #expect(try found("text=ada&label=n-1&status=error") == [])
    for (name, value) in [
      ("status", "done"), ("state", "x"), ("origin", "here"), ("text", ""), ("source", "%00"),
    ] {
      let answer = try server.json("GET", "/api/v1/pushes?\(name)=\(value)")
      #expect(answer.status == 400 && answer.object["field"] as? String == name, "\(answer)")
    }
    for name in ["repo", "label"] {
      let answer = try server.json("GET", "/api/v1/pushes?\(name)=.")
      #expect(answer.status == 400 && answer.object["code"] as? String == "bad-name")
    }
  }

  @Test("D9 D10 sheaf pushes lists, shows, seals, retries and cancels, and prints logs")
  func commands() throws {
    let server = try running()
    let machine = try ClientMachine()
    let (first, second) = (try opened(server, "a", message: "one"), try opened(server, "b", message: "two"))
    let sealed = try machine.ask(server, ["pushes", "seal", first, "--no-wait"])
    #expect(sealed.status == 0, "\(sealed)")
    try eventually("committed") { try push(server, first)["state"] as? String == "committed" }
    let cancelled = try machine.ask(server, ["pushes", "cancel", second])
    #expect(cancelled.status == 0 && cancelled.output == "push \(second) is cancelled\n", "\(cancelled)")

    let list = try machine.ask(server, ["pushes", "ls"])
    let lines = list.output.split(separator: "\n")
    #expect(list.status == 0 && lines.count == 3 && lines[0].hasPrefix("ID"))
    #expect(lines[1].hasPrefix(second) && lines[1].contains("cancelled") && lines[1].contains("two"))
    #expect(lines[2].contains("#1") && lines[2].contains("one"))
    let few = try machine.ask(server, ["pushes", "ls", "--status", "complete", "--repo", "a", "--json"])
    let items = try #require(
      try JSONSerialization.jsonObject(with: Data(few.output.utf8)) as? [[String: Any]])
    #expect(items.map { $0["id"] as? String } == [first] && items[0]["sealedAt"] is String)
    #expect(
      try machine.ask(server, ["pushes", "ls", "--text", "two", "--limit", "1"]).output.contains(second))

    let shown = try machine.ask(server, ["pushes", "show", first])
    #expect(shown.status == 0 && shown.output.contains("state") && shown.output.contains("committed"))
    let log = try machine.ask(server, ["pushes", "log", first])
    #expect(
      log.status == 0 && log.output.contains("opened by a client") && log.output.contains("committed bundle"))

    let refused = try machine.ask(server, ["pushes", "retry", first])
    #expect(refused.status == 1 && refused.errors.contains("only a failed push"), "\(refused)")
    let unknown = try machine.ask(server, ["pushes", "show", "x"])
    #expect(unknown.status == 2 && unknown.errors.contains("is not the id of a push"), "\(unknown)")
    #expect(try machine.ask(server, ["pushes", "ls", "--limit", "0"]).status == 2)
    #expect(try machine.ask(server, ["pushes", "ls", "--status", "done"]).status == 1)
  }

  @Test("T7 C22 the scheduler's heart beats on while nothing happens")
  func heartbeat() throws {
    let server = try running(["--heartbeat-milliseconds", "10"])
    func ticks() throws -> Int {
      let status = try server.json("GET", "/api/v1/status").object
      return try #require((status["scheduler"] as? [String: Any])?["ticks"] as? Int)
    }
    let first = try ticks()
    try eventually("a hundred beats") { try ticks() >= first + 100 }
  }

  @Test(
    "C30 T4 a push sealed while the disk is nearly full waits, says for what, and is committed when there is room",
    .enabled(if: LoopDisk.isAvailable, "needs root, loop devices and mkfs.ext4"))
  func fullDisk() async throws { try await blocking { try waitForRoom() } }

  private func waitForRoom() throws {
    let disk = try LoopDisk(mebibytes: 64)
    let server = try GatewayProcess.running(dataFolder: disk.path + "/data")
    defer { _ = server.stop() }
    let id = try opened(server, "full")
    let foreign = disk.path + "/foreign"
    #expect(FileManager.default.createFile(atPath: foreign, contents: nil))
    let file = try #require(FileHandle(forWritingAtPath: foreign))
    // Less than the last quarter of the reserve, which is a twentieth of the disk; enough for the catalog.
    let block = Data(repeating: 1, count: 16 << 10)
    while try disk.freeBytes() > 512 << 10 {
      try file.write(contentsOf: block)
      try file.synchronize()
    }
    try file.close()
    #expect(try act(server, id, "seal").status == 202)
    try eventually("it waits for room") { try push(server, id)["waitingFor"] as? String == "free disk space" }
    let waiting = try push(server, id)
    #expect(waiting["state"] as? String == "queued" && waiting["attempts"] as? Int == 0)
    #expect(try log(server, id).last?.hasSuffix("queued, waiting for free disk space") == true)
    try FileManager.default.removeItem(atPath: foreign)
    try eventually("committed") { try push(server, id)["state"] as? String == "committed" }
    #expect(try push(server, id)["attempts"] as? Int == 1)
  }

  @Test("C20 a timeout that the heartbeat could not keep is refused at the start, and nothing is made")
  func relation() throws {
    let folder = NSTemporaryDirectory() + "sheaf-relation-" + UUID().uuidString
    let result = try runProgram(
      try GatewayProcess.binary,
      ["serve", "--data", folder, "--commit-timeout-seconds", "2", "--heartbeat-milliseconds", "2000"])
    #expect(result.status == 2)
    #expect(result.errors.contains("scheduler.commitTimeoutSeconds is 2"), "\(result)")
    #expect(result.errors.contains("scheduler.heartbeatMilliseconds, which is 2000"), "\(result)")
    #expect(!FileManager.default.fileExists(atPath: folder))
  }
}
