import Foundation
import TestSupport
import Testing

/// `sheaf push` through everything that can happen on the way, and how the program's commands end.
@Suite struct PushCommandTests {
  private static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]
  private static let hint: Comment = "needs TEST_PYTHON; .ci/test installs it"
  private static let megabyte = 1 << 20

  private func running() throws -> GatewayProcess {
    let server = try GatewayProcess()
    try server.start()
    return server
  }

  /// A machine with a file that takes a while to send, and a few that do not.
  private func machine(mebibytes: Int = 160) throws -> ClientMachine {
    let machine = try ClientMachine()
    try machine.writeLarge("large file.bin", mebibytes: mebibytes, seed: 11)
    for number in 0..<10 {
      try machine.folder.write(String(repeating: "x", count: number * 100), to: "source/small/\(number)")
    }
    return machine
  }

  /// Waits until a running push has some bytes of a file on the server; returns the push's id.
  private func started(
    _ program: RunningProgram, to repo: String, on server: GatewayProcess,
    bytes: Int = PushCommandTests.megabyte
  ) throws -> String {
    for _ in 0..<30_000 where program.isRunning {
      if let id = try server.items("/api/v1/pushes?repo=\(repo)").first?["id"] as? String {
        let offsets = try server.items("/api/v1/pushes/\(id)/uploads").compactMap { $0["offset"] as? Int }
        if offsets.contains(where: { $0 >= bytes }) { return id }
      }
      usleep(2_000)
    }
    throw GatewayProcess.Failure.notReady("the push was not seen under way: \(try program.errors)")
  }

  /// The newest bundle of the repo is exactly the source folder, in storage too.
  private func expectBundle(of machine: ClientMachine, in repo: String, on server: GatewayProcess) throws {
    let check = try machine.ask(server, ["verify", "\(repo)@latest", "--deep", "--dir", machine.source])
    #expect(check.status == 0, "\(check)")
    let bundles = try server.items("/api/v1/repos/\(repo)/bundles")
    #expect(bundles.count == 1)
    let files = try machine.folder.files().filter { $0.hasPrefix("source/") }
    #expect(bundles.first?["fileCount"] as? Int == files.count)
  }

  @Test(
    "MUST-1 after kill -9 of the client the same command goes on with the same push, from what the server has"
  )
  func clientKilled() throws {
    let server = try running()
    let machine = try machine()
    let first = try machine.startPush(to: "killed", port: server.port)
    let id = try started(first, to: "killed", on: server)
    #expect(try first.crash())
    let result = try machine.startPush(to: "killed", port: server.port).wait()
    try #require(result.status == 0, "\(result)")
    #expect(try result.object["push"] as? String == id)
    let resumed = try result.number("bytesResumed")
    #expect(resumed >= Self.megabyte)
    #expect(try result.number("bytesSent") == result.number("bytes") - resumed)
    #expect(try server.items("/api/v1/pushes").count == 1)
    try expectBundle(of: machine, in: "killed", on: server)
  }

  @Test(
    "B-10 a file that changed between two runs, below what was already sent, is in the bundle as it is now")
  func changedInBetween() throws {
    let server = try running()
    let machine = try machine()
    let first = try machine.startPush(to: "changed", port: server.port)
    let id = try started(first, to: "changed", on: server, bytes: 4 * Self.megabyte)
    #expect(try first.crash())
    let file = try #require(FileHandle(forUpdatingAtPath: machine.folder.child("source/large file.bin")))
    try file.seek(toOffset: 100_000)
    try file.write(contentsOf: Data("other bytes".utf8))
    try file.close()
    let result = try machine.startPush(to: "changed", port: server.port).wait()
    try #require(result.status == 0, "\(result)")
    #expect(try result.object["push"] as? String == id)
    #expect(result.errors.contains("changed"))
    try expectBundle(of: machine, in: "changed", on: server)
  }

  @Test(
    "MUST-1 a server that is killed in the middle of a push and comes back costs the push nothing but time")
  func serverKilled() throws {
    let server = try running()
    let machine = try machine()
    let push = try machine.startPush(to: "crashed", port: server.port)
    let id = try started(push, to: "crashed", on: server)
    server.crash()
    try server.start()
    let result = try push.wait()
    try #require(result.status == 0, "\(result)")
    #expect(try result.object["push"] as? String == id)
    #expect(try result.number("retries") > 0)
    try expectBundle(of: machine, in: "crashed", on: server)
  }

  @Test(
    "six connections that are reset in the middle of bodies do not fail a push",
    .enabled(if: python != nil, hint))
  func connectionsReset() throws {
    let server = try running()
    let machine = try machine(mebibytes: 24)
    let proxy = try FaultProxy(
      python: try #require(Self.python), target: server.port, cutBytes: 300_000, cuts: 6)
    let result = try machine.startPush(to: "reset", port: proxy.port).wait()
    try #require(result.status == 0, "\(result)")
    // Not six: a connection of small files may never carry enough to be cut.
    #expect(try result.number("retries") >= 3)
    #expect(try server.items("/api/v1/pushes").count == 1)
    try expectBundle(of: machine, in: "reset", on: server)
  }

  @Test("two pushes to two repos at once both end committed")
  func together() throws {
    let server = try running()
    let machine = try machine(mebibytes: 16)
    let pushes = try ["one", "two"].map { try machine.startPush(to: $0, port: server.port) }
    for push in pushes {
      let result = try push.wait()
      #expect(result.status == 0, "\(result)")
    }
    let states = try server.items("/api/v1/pushes").map { $0["state"] as? String }
    #expect(states == ["committed", "committed"])
    for repo in ["one", "two"] { try expectBundle(of: machine, in: repo, on: server) }
  }

  @Test(
    "bad usage and bad input end with status 2, say what is wrong, and leave nothing on the server",
    arguments: [
      (["nowhere", "--repo", "r", "-m", "m"], "\"nowhere\" does not exist"),
      (["source", "--repo", "../r", "-m", "m"], "repo \"../r\""),
      (["source", "--repo", "r", "-m", "m", "--label", "latest"], "label \"latest\""),
      (["source", "--repo", "r", "-m", "m", "--frobnicate"], "--frobnicate"),
      (["source", "--repo", "r"], "--message"),
      (["source", "--repo", "r", "-m", "m", "--parallel", "0"], "--parallel"),
      (["source", "--repo", "r", "-m", "m", "--server", "ftp://127.0.0.1"], "the server must be a URL"),
    ])
  func badUsage(arguments: [String], text: String) throws {
    let server = try running()
    let machine = try machine(mebibytes: 1)
    let result = try machine.ask(server, ["push"] + arguments)
    #expect(result.status == 2)
    #expect(result.errors.contains(text), "\(result.errors)")
    #expect(result.output.isEmpty)
    #expect(try server.items("/api/v1/pushes").isEmpty)
  }

  @Test("a server that is not there ends a push with status 3 once the retry budget is spent")
  func unreachable() throws {
    let machine = try machine(mebibytes: 1)
    let result = try machine.run([
      "push", "source", "--repo", "r", "-m", "m", "--server", "http://127.0.0.1:1", "--retry-budget", "1",
      "--json",
    ])
    #expect(result.status == 3)
    #expect(result.errors.contains("http://127.0.0.1:1"))
    #expect(try result.object["exitStatus"] as? Int == 3)
  }

  @Test("version and completion scripts are printed with status 0")
  func versionAndCompletion() throws {
    let machine = try ClientMachine()
    let version = try machine.run(["version"])
    #expect(version.status == 0)
    #expect(version.output.wholeMatch(of: /sheaf \d+\.\d+\.\d+\n/) != nil, "\(version.output)")
    let script = try machine.run(["--generate-completion-script", "bash"])
    #expect(script.status == 0)
    #expect(script.output.hasPrefix("#!/bin/bash"))
    #expect(script.output.contains("push"))
  }

  @Test("config shows where every value comes from; a flag wins over the environment, and that over the file")
  func configOrigins() throws {
    let machine = try ClientMachine()
    try machine.folder.write("[server]\nport = 1234\n[log]\nlevel = \"error\"\n", to: "my.toml")
    let arguments = ["config", "--json", "--config", "my.toml", "--drain-seconds", "3"]
    let result = try machine.run(arguments, environment: ["SHEAF_PORT": "4321"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(try setting("server.port", in: result) == ["4321", "environment SHEAF_PORT"])
    #expect(try setting("server.drainSeconds", in: result) == ["3", "flag --drain-seconds"])
    #expect(try setting("log.level", in: result) == ["error", "file my.toml"])
    #expect(try setting("server.host", in: result) == ["127.0.0.1", "default"])
    let flagged = try machine.run(arguments + ["--port", "5"], environment: ["SHEAF_PORT": "4321"])
    #expect(try setting("server.port", in: flagged) == ["5", "flag --port"])
    let filed = try machine.run(arguments)
    #expect(try setting("server.port", in: filed) == ["1234", "file my.toml"])
    let wrong = try machine.run(arguments, environment: ["SHEAF_PORT": "many"])
    #expect(wrong.status == 2)
    #expect(wrong.errors.contains("SHEAF_PORT") && wrong.errors.contains("many"), "\(wrong.errors)")
  }

  /// Value and origin of a setting.
  private func setting(_ name: String, in result: ProgramResult) throws -> [String] {
    let found = try result.list.first { $0["name"] as? String == name }
    let entry = try #require(found)
    return ["\(entry["value"] ?? "")", entry["origin"] as? String ?? ""]
  }
}
