import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// Several clients make one bundle (D38).
@Suite struct SharedPushTests {
  private func open(
    _ server: GatewayProcess, _ machine: ClientMachine, conflicts: String, _ more: [String] = []
  ) throws -> String {
    let result = try machine.run(
      [
        "push", "--repo", "r", "-m", "shared", "--no-seal", "--conflicts", conflicts, "--json", "--server",
        server.baseURL,
      ] + more)
    try #require(result.status == 0, "\(result)")
    return try #require(try result.object["push"] as? String)
  }

  private func start(_ machine: ClientMachine, into push: String, _ server: GatewayProcess, author: String)
    throws -> RunningProgram
  {
    try machine.start(
      ["push", machine.source, "--into", push, "--json", "--server", server.baseURL],
      environment: ["SHEAF_AUTHOR": author])
  }

  private func seal(_ push: String, _ machine: ClientMachine, _ server: GatewayProcess) throws {
    let sealed = try machine.ask(server, ["pushes", "seal", push, "--json"])
    try #require(sealed.status == 0, "\(sealed)")
  }

  private func digests(_ server: GatewayProcess) throws -> [String: String] {
    let files = try server.items("/api/v1/repos/r/bundles/latest/files?limit=1000")
    return Dictionary(
      uniqueKeysWithValues: files.compactMap { file in
        (file["path"] as? String).flatMap { path in (file["sha256"] as? String).map { (path, $0) } }
      })
  }

  @Test(
    "D38 two clients at once make one bundle, and at each path is one of their files, whole",
    arguments: ["keep-first", "latest-wins"])
  func together(conflicts: String) throws {
    let server = try GatewayProcess.running()
    let machines = [try ClientMachine(), try ClientMachine()]
    var expected: [String: Set<String>] = [:]
    for (client, machine) in machines.enumerated() {
      for number in 0..<200 {
        // Some paths of each alone, some with the same content, some with another.
        let path = number < 80 ? "only\(client)/\(number)" : "both/\(number)"
        let text = number < 140 ? "content \(number)" : "content \(number) of \(client)"
        try machine.folder.write(text, to: "source/\(path)")
        expected[path, default: []].insert(SHA256Stream.digest(of: Array(text.utf8)).hex)
      }
      try machine.writeLarge("large.bin", mebibytes: 4, seed: UInt64(client + 1))
      let large = try machine.folder.bytes(of: "source/large.bin")
      expected["large.bin", default: []].insert(SHA256Stream.digest(of: large).hex)
    }
    let push = try open(server, machines[0], conflicts: conflicts, ["--author", "ann"])
    let running = try machines.enumerated().map { client, machine in
      try start(machine, into: push, server, author: client == 0 ? "bob" : "cid")
    }
    for program in running {
      let result = try program.wait()
      #expect(result.status == 0, "\(result)")
    }
    try seal(push, machines[0], server)
    let found = try digests(server)
    #expect(Set(found.keys) == Set(expected.keys))
    for (path, digest) in found { #expect(expected[path]?.contains(digest) == true, "\(path)") }
    // 60 small files and the large one had two contents.
    let record = try server.json("GET", "/api/v1/pushes/\(push)").object
    #expect(record["replaced"] as? Int == 61 && record["conflicts"] as? String == conflicts)
    let replaced = try server.items("/api/v1/pushes/\(push)/replaced?limit=1000")
    #expect(replaced.count == 61)
    for file in replaced {
      let path = try #require(file["path"] as? String)
      let lost = try #require(file["sha256"] as? String)
      #expect(found[path] != lost && expected[path]?.contains(lost) == true, "\(path)")
    }
    let log = try server.request("GET", "/api/v1/pushes/\(push)/log")
    let words = conflicts == "keep-first" ? "left out" : "replaced"
    let lines = String(decoding: log.body, as: UTF8.self).split(separator: "\n")
    #expect(lines.filter { $0.contains(" \(words) \"") }.count == 61)
    let bundle = try server.json("GET", "/api/v1/repos/r/bundles/latest").object
    #expect(bundle["author"] as? String == "ann")
    // Who sent what is in the bundle is written down with it.
    let folder = "\(server.dataFolder)/bundles/r"
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder).first {
        $0.contains("1-") && $0.hasSuffix(".json")
      })
    let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    let descriptor = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    let contributors = try #require(descriptor?["contributors"] as? [String], "\(text)")
    #expect(contributors.first == "ann" && Set(contributors) == ["ann", "bob", "cid"])
    let check = try machines[0].ask(server, ["verify", "r@latest", "--deep"])
    #expect(check.status == 0, "\(check)")
  }

  @Test("D38 when conflicts are refused, the second file is an error and the first one stays")
  func refused() throws {
    let server = try GatewayProcess.running()
    let machines = [try ClientMachine(), try ClientMachine()]
    for (client, machine) in machines.enumerated() {
      try machine.folder.write("same", to: "source/same")
      try machine.folder.write("of \(client)", to: "source/other")
      try machine.writeLarge("large.bin", mebibytes: 2, seed: UInt64(client))
    }
    let push = try open(server, machines[0], conflicts: "refuse")
    let first = try start(machines[0], into: push, server, author: "bob").wait()
    #expect(first.status == 0, "\(first)")
    let second = try start(machines[1], into: push, server, author: "cid").wait()
    #expect(second.status == 1, "\(second)")
    let failed = try #require(try second.object["failed"] as? [[String: Any]])
    #expect(Set(failed.compactMap { $0["path"] as? String }) == ["other", "large.bin"])
    try seal(push, machines[0], server)
    let check = try machines[0].ask(server, ["verify", "r@latest", "--deep", "--dir", machines[0].source])
    #expect(check.status == 0, "\(check)")
  }

  @Test("D38 a client that is killed goes on where it was with --into, and touches nobody else's files")
  func resumed() throws {
    let server = try GatewayProcess.running()
    let machines = [try ClientMachine(), try ClientMachine()]
    try machines[0].writeLarge("large.bin", mebibytes: 100, seed: 1)
    try machines[1].folder.write("theirs", to: "source/theirs")
    let push = try open(server, machines[0], conflicts: "latest-wins")
    #expect(try start(machines[1], into: push, server, author: "cid").wait().status == 0)
    let program = try start(machines[0], into: push, server, author: "bob")
    try eventually("some of the file is there") {
      try server.items("/api/v1/pushes/\(push)/uploads").contains {
        ($0["path"] as? String) == "large.bin" && ($0["offset"] as? Int ?? 0) > 0
      }
    }
    _ = try program.crash()
    let again = try start(machines[0], into: push, server, author: "bob").wait()
    try #require(again.status == 0, "\(again)")
    #expect(try again.number("bytesSent") < again.number("bytes"))
    try seal(push, machines[0], server)
    #expect(try digests(server).count == 2)
    #expect(try server.json("GET", "/api/v1/pushes/\(push)").object["replaced"] as? Int == 0)
  }

  @Test(
    "D38 flags that do not go together are status 2, name the flag, and nothing is sent",
    arguments: [
      (["--into", "x"], "--into"), (["--into", String(repeating: "0", count: 26), "--repo", "r"], "--repo"),
      (["--repo", "r", "-m", "m", "--conflicts", "guess"], "--conflicts"), (["--repo", "r"], "--message"),
      (["-m", "m"], "--repo"),
      (["--repo", "r", "-m", "m", "--author", String(repeating: "x", count: 257)], "author"),
    ])
  func badFlags(flags: [String], name: String) throws {
    let machine = try ClientMachine()
    try machine.folder.write("a", to: "source/a")
    let result = try machine.run(
      ["push", machine.source, "--server", "http://127.0.0.1:1"] + flags)
    #expect(result.status == 2 && result.errors.contains(name), "\(result)")
  }

  @Test("D38 a push takes a policy that there is, and shows it")
  func policy() throws {
    let server = try GatewayProcess.running()
    let wrong = try server.json(
      "POST", "/api/v1/pushes", ["repo": "r", "message": "m", "conflicts": "newest"])
    #expect(wrong.status == 400 && wrong.object["field"] as? String == "conflicts", "\(wrong)")
    let plain = try server.json("POST", "/api/v1/pushes", ["repo": "r", "message": "m"])
    #expect(plain.object["conflicts"] as? String == "refuse" && plain.object["replaced"] as? Int == 0)
  }
}
