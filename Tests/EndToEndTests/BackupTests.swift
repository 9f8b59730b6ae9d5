import Foundation
import TestSupport
import Testing

/// `sheaf backup` and `sheaf restore` on the built binary.
@Suite struct BackupTests {
  private func push(_ machine: ClientMachine, _ server: GatewayProcess, _ text: String) throws {
    try machine.folder.write(text, to: "source/a")
    let result = try machine.run(
      ["push", machine.source, "--repo", "films", "-m", text], environment: ["SHEAF_SERVER": server.baseURL])
    try #require(result.status == 0, "\(result)")
  }

  private func sequences(_ server: GatewayProcess) throws -> [Int] {
    try server.items("/api/v1/repos/films/bundles").compactMap { $0["sequence"] as? Int }
  }

  @Test("a catalog copied under a running server, with pushes beside it, is whole and can be put back")
  func roundTrip() throws {
    let server = try GatewayProcess()
    try server.start()
    let machine = try ClientMachine()
    try push(machine, server, "1")
    let copy = machine.folder.child("copy.sqlite")
    let backup = try machine.run(["backup", "--data", server.dataFolder, "--to", copy])
    try #require(backup.status == 0, "\(backup)")
    try push(machine, server, "2")
    #expect(try machine.run(["backup", "--data", server.dataFolder, "--to", copy]).status == 2)
    let busy = try machine.run(["restore", copy, "--data", server.dataFolder])
    #expect(busy.status == 2 && busy.errors.contains("in use"), "\(busy)")
    #expect(server.stop() == 0)
    let restore = try machine.run(["restore", copy, "--data", server.dataFolder])
    #expect(restore.status == 0 && restore.output.contains("catalog.sqlite.before-"), "\(restore)")
    let check = try machine.run(["doctor", "--data", server.dataFolder])
    #expect(check.status == 0 && check.output.contains("descriptor-unknown"), "\(check)")
    try server.start()
    #expect(try sequences(server) == [1])
    #expect(
      try machine.run(["verify", "films@latest", "--deep"], environment: ["SHEAF_SERVER": server.baseURL])
        .status
        == 0)
    #expect(server.stop() == 0)
    // What was committed after the copy is on disk, and comes back from there.
    #expect(try machine.run(["doctor", "--data", server.dataFolder, "--rebuild-catalog"]).status == 0)
    try server.start()
    #expect(try sequences(server) == [2, 1])
  }

  @Test("D34 a copy never replaces the catalog of the data folder, nor anything else in it")
  func inside() throws {
    let server = try GatewayProcess()
    try server.start()
    let machine = try ClientMachine()
    try push(machine, server, "1")
    try FileManager.default.createSymbolicLink(
      atPath: machine.folder.child("link"), withDestinationPath: server.dataFolder)
    for target in [
      server.dataFolder + "/catalog.sqlite", server.dataFolder + "/copy", machine.folder.child("link/copy"),
      server.dataFolder + "/bundles/../copy",
    ] {
      let refused = try machine.run(["backup", "--data", server.dataFolder, "--to", target, "--force"])
      #expect(refused.status == 2 && refused.errors.contains("data folder"), "\(refused)")
    }
    #expect(try sequences(server) == [1])
  }

  @Test("a copy that is damaged or something else is refused, and the folder stays as it was")
  func refused() throws {
    let server = try GatewayProcess()
    try server.start()
    let machine = try ClientMachine()
    try push(machine, server, "1")
    #expect(server.stop() == 0)
    try machine.folder.write("something else", to: "other")
    var pages = [UInt8](repeating: 0, count: 8192)
    pages.replaceSubrange(0..<16, with: Array("SQLite format 3\0".utf8))
    try machine.folder.write(pages, to: "damaged")
    for name in ["other", "damaged"] {
      let restore = try machine.run(["restore", machine.folder.child(name), "--data", server.dataFolder])
      #expect(restore.status == 1, "\(restore)")
    }
    #expect(try machine.run(["restore", "nothing", "--data", server.dataFolder]).status == 2)
    #expect(try machine.run(["backup", "--data", machine.folder.path, "--to", "x"]).status == 2)
    try server.start()
    #expect(try sequences(server) == [1])
  }
}
