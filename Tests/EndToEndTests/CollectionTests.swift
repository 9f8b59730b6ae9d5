import Foundation
import TestSupport
import Testing

/// `sheaf gc` on the built binary, beside uploads and killed in the middle.
@Suite struct CollectionTests {
  private func sheaf(_ machine: ClientMachine, _ server: GatewayProcess, _ arguments: String...) throws
    -> ProgramResult
  {
    try machine.run(arguments, environment: ["SHEAF_SERVER": server.baseURL])
  }

  private func objectCount(_ server: GatewayProcess) throws -> Int {
    try FileManager.default.subpathsOfDirectory(atPath: server.dataFolder + "/objects")
      .filter { $0.utf8.count > 64 }.count
  }

  /// Two bundles of large and small files, of which the second shares half with the first.
  private func pushTwice(_ machine: ClientMachine, _ server: GatewayProcess) throws {
    for version in 1...2 {
      for number in 0..<20 {
        let seed = number < 10 ? UInt64(number) : UInt64(version * 100 + number)
        var random = SeededRandom(seed: seed)
        try machine.folder.write(random.bytes(100_000), to: "source/large/\(number)")
        try machine.folder.write(random.bytes(500), to: "source/small/\(number)")
      }
      let push = try sheaf(machine, server, "push", machine.source, "--repo", "films", "-m", "\(version)")
      try #require(push.status == 0, "\(push)")
    }
  }

  @Test("D41 gc frees what a deleted bundle had alone, tells it before, and leaves a sound data folder")
  func frees() throws {
    let server = try GatewayProcess()
    try server.start()
    let machine = try ClientMachine()
    try pushTwice(machine, server)
    let before = try objectCount(server)
    let files = try server.items("/api/v1/pushes").compactMap { $0["id"] as? String }
    let uploads = try server.items("/api/v1/pushes/\(try #require(files.last))/uploads")
    let gone = try #require(uploads.last?["id"] as? String)
    #expect(try sheaf(machine, server, "gc", "--json").object["removedObjects"] as? Int == 0)
    let first = try server.items("/api/v1/repos/films/bundles").last?["id"] as? String
    #expect(try sheaf(machine, server, "bundle", "rm", "films@\(try #require(first))", "--yes").status == 0)
    let plan = try sheaf(machine, server, "gc", "--dry-run", "--json").object
    // Ten large files, ten small ones and the manifest.
    #expect(plan["removedObjects"] as? Int == 21)
    #expect(try objectCount(server) == before)
    let run = try sheaf(machine, server, "gc")
    #expect(run.status == 0 && run.output.contains("removed 21 objects"), "\(run)")
    #expect(try objectCount(server) == before - 11)
    #expect(try server.request("GET", "/files/\(gone)").status == 410)
    #expect(
      try sheaf(machine, server, "verify", "films@latest", "--deep", "--dir", machine.source).status == 0)
    #expect(server.stop() == 0)
    let check = try machine.run(["doctor", "--deep", "--data", server.dataFolder])
    #expect(check.status == 0, "\(check)")
  }

  @Test("MUST-6 gc killed at any time, and pushes beside it, leave every bundle whole")
  func killed() throws {
    let server = try GatewayProcess()
    let machine = try ClientMachine()
    for round in 1...3 {
      try server.start()
      try pushTwice(machine, server)
      let items = try server.items("/api/v1/repos/films/bundles").compactMap { $0["id"] as? String }
      for id in items.dropFirst() {
        #expect(try sheaf(machine, server, "bundle", "rm", "films@\(id)", "--yes").status == 0)
      }
      let collection = try machine.start(["gc"], environment: ["SHEAF_SERVER": server.baseURL])
      let push = try machine.startPush(to: "films", port: server.port)
      usleep(UInt32(round * 7_000))
      server.crash()
      _ = try collection.crash()
      _ = try push.crash()
      try server.start()
      #expect(try sheaf(machine, server, "gc").status == 0)
      #expect(try machine.startPush(to: "films", port: server.port).wait().status == 0)
      #expect(
        try sheaf(machine, server, "verify", "films@latest", "--deep", "--dir", machine.source).status == 0)
      #expect(server.stop() == 0)
      let check = try machine.run(["doctor", "--deep", "--data", server.dataFolder])
      #expect(check.status == 0, "\(check)")
    }
  }
}
