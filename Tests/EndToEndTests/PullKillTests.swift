import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// Kills the real client with SIGKILL at random moments while a folder goes back and forth between two bundles.
@Suite struct PullKillTests {
  /// More on demand: CRASH_PULLS=300.
  private static let kills = ProcessInfo.processInfo.environment["CRASH_PULLS"].flatMap { Int($0) } ?? 16

  @Test(
    "D31 however often a pull is killed, the next one gets the folder to its bundle and touches nobody else's files",
    .timeLimit(.minutes(10)))
  func randomKills() throws {
    let seed =
      ProcessInfo.processInfo.environment["CRASH_SEED"].flatMap { UInt64($0) }
      ?? UInt64.random(in: 0..<1_000_000)
    print("replay: CRASH_SEED=\(seed) CRASH_PULLS=\(Self.kills) swift test --filter PullKillTests")
    var random = SeededRandom(seed: seed)
    let machine = try ClientMachine()
    let server = try GatewayProcess.running()
    var trees: [[BundlePath: FileFacts]] = []
    for label in ["one", "two"] {
      try change(machine, label, &random)
      let pushed = try machine.ask(
        server, ["push", machine.source, "--repo", "r", "-m", "m", "--label", label])
      try #require(pushed.status == 0, "\(pushed)")
      trees.append(try ClientMachine.tree(machine.source))
    }
    try machine.folder.write("nobody's", to: "copy/mine/note")
    var fetched: [Int] = []
    for round in 0..<Self.kills {
      // Often another one than that of the pull that was just killed.
      let wanted = random.int(0...1)
      let label = ["one", "two"][wanted]
      let running = try machine.start(
        ["pull", "r@\(label)", "--to", "copy"], environment: ["SHEAF_SERVER": server.baseURL])
      usleep(UInt32(random.int(5_000...150_000)))
      _ = try running.crash()
      guard round % 4 == 3 else { continue }
      let result = try machine.ask(server, ["pull", "r@\(label)", "--to", "copy", "--json"])
      try #require(result.status == 0, "\(result)")
      fetched.append(try result.number("bytesFetched"))
      var tree = try ClientMachine.tree(machine.folder.child("copy"))
      #expect(tree.removeValue(forKey: try BundlePath("mine/note")) != nil)
      #expect(tree == trees[wanted], "round \(round)")
      #expect(try ClientMachine.tree(machine.folder.child("copy")).count == tree.count + 1)
    }
    #expect(!fetched.isEmpty)
  }

  /// Files of many sizes; from the first to the second some change, go, come, and move.
  private func change(_ machine: ClientMachine, _ label: String, _ random: inout SeededRandom) throws {
    for number in 0..<150 {
      let path = "source/\(number % 7)/\(number)"
      if label == "two", number % 5 == 0 {
        try FileManager.default.removeItem(atPath: machine.folder.child(path))
        if number % 10 == 0 { continue }
      }
      if label == "one" || number % 5 == 0 {
        try machine.folder.write(random.bytes(random.int(0...4000)), to: path)
      }
    }
    if label == "one" { return try machine.writeLarge("large", mebibytes: 8, seed: 1) }
    try FileManager.default.createDirectory(
      atPath: machine.source + "moved", withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: machine.source + "large", toPath: machine.source + "moved/large")
    try machine.writeLarge("other", mebibytes: 8, seed: 2)
  }
}
