import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// A folder that follows a repo.
@Suite struct PullUpdateTests {
  private func pull(_ history: BundleHistory, _ reference: String, _ more: [String] = []) throws
    -> ProgramResult
  {
    try history.ask(["pull", "docs@\(reference)", "--to", "copy", "--json"] + more)
  }

  /// What the bundle has, by the system's tar.
  private func tree(_ history: BundleHistory, _ reference: String) throws -> [BundlePath: FileFacts] {
    let result = try history.ask(["pull", "docs@\(reference)", "--to", "fresh-\(reference)"])
    try #require(result.status == 0, "\(result)")
    return try ClientMachine.tree(history.machine.folder.child("fresh-\(reference)"))
  }

  private func copy(_ history: BundleHistory) throws -> [BundlePath: FileFacts] {
    try ClientMachine.tree(history.machine.folder.child("copy"))
  }

  @Test(
    "D31 D33 a folder is brought from one bundle to another, there and back: only what differs is fetched")
  func update() throws {
    let history = try BundleHistory()
    #expect(try pull(history, "one").status == 0)
    let forth = try pull(history, "two")
    #expect(forth.status == 0, "\(forth)")
    #expect(try copy(history) == tree(history, "two"))
    // Changed, new, turns and opens/now; the moved file comes from the folder.
    #expect(try forth.number("bytesFetched") == 5 + 3 + 6 + 8)
    #expect(try forth.number("copied") == 1)
    #expect(try forth.number("removed") == 5)
    let back = try pull(history, "one")
    #expect(back.status == 0, "\(back)")
    #expect(try copy(history) == tree(history, "one"))
    let again = try pull(history, "one")
    #expect(try again.number("bytesFetched") == 0)
    #expect(try again.number("written") == 0)
    let folder = try FileManager.default.contentsOfDirectory(atPath: history.machine.folder.child("copy"))
    #expect(!folder.contains("there"), "folders that got empty are gone")
    let notes = try history.machine.folder.text(of: "copy/.sheaf/bundle.json")
    #expect(notes.contains(history.bundles[0]))
  }

  @Test("D31 of a large file that has changed only the changed megabytes are fetched, also after a kill")
  func changedBlocks() throws {
    let machine = try ClientMachine()
    let server = try GatewayProcess.running()
    func push(_ label: String) throws {
      let result = try machine.ask(
        server, ["push", machine.source, "--repo", "large", "-m", "m", "--label", label])
      try #require(result.status == 0, "\(result)")
    }
    func pull(_ label: String) throws -> Int {
      let result = try machine.ask(server, ["pull", "large@\(label)", "--to", "copy", "--json"])
      try #require(result.status == 0, "\(result)")
      #expect(try ClientMachine.tree(machine.folder.child("copy")) == ClientMachine.tree(machine.source))
      return try result.number("bytesFetched")
    }
    try machine.writeLarge("file", mebibytes: 40, seed: 5)
    try push("one")
    #expect(try pull("one") == 40 << 20)
    let file = try FileHandle(forUpdating: URL(filePath: machine.source + "file"))
    for (place, text) in [(0, "first"), (17 << 20, "middle"), ((18 << 20) + 5, "next"), (40 << 20, "longer")]
    {
      try file.seek(toOffset: UInt64(place))
      try file.write(contentsOf: Data(text.utf8))
    }
    try file.close()
    try push("two")
    #expect(try pull("two") == 3 << 20 + 6)
    // Back to a shorter one; and what is local can be wrong about all of it.
    try FileManager.default.removeItem(atPath: machine.source + "file")
    try machine.writeLarge("file", mebibytes: 40, seed: 5)
    #expect(try pull("one") == 3 << 20)
    try FileManager.default.removeItem(atPath: machine.source + "file")
    try machine.writeLarge("file", mebibytes: 20, seed: 6)
    try push("three")
    #expect(try pull("three") == 20 << 20)
  }

  @Test("D31 very many small files come in few requests, and what a kill left is fetched again")
  func manySmallFiles() throws {
    let machine = try ClientMachine()
    let server = try GatewayProcess.running()
    var bytes = 0
    for number in 0..<2500 {
      let text = number % 50 == 0 ? "" : "small file \(number)"
      bytes += text.utf8.count
      try machine.folder.write(text, to: "source/\(number % 20)/\(number)")
    }
    let pushed = try machine.ask(server, ["push", machine.source, "--repo", "small", "-m", "m"])
    try #require(pushed.status == 0, "\(pushed)")
    let running = try machine.start(
      ["pull", "small@latest", "--to", "copy"], environment: ["SHEAF_SERVER": server.baseURL])
    usleep(150_000)
    _ = try running.crash()
    let result = try machine.ask(server, ["pull", "small@latest", "--to", "copy", "--json"])
    try #require(result.status == 0, "\(result)")
    #expect(try result.number("bytesFetched") <= bytes)
    #expect(try ClientMachine.tree(machine.folder.child("copy")) == ClientMachine.tree(machine.source))
    let parts = try FileManager.default.contentsOfDirectory(
      atPath: machine.folder.child("copy/.sheaf/parts"))
    #expect(parts.isEmpty)
  }

  @Test("D31 files that change places and files with one content are all right, and content is fetched once")
  func swapped() throws {
    let machine = try ClientMachine()
    let server = try GatewayProcess.running()
    func push(_ files: [String: String]) throws {
      try? FileManager.default.removeItem(atPath: machine.source)
      for (path, text) in files { try machine.folder.write(text, to: "source/\(path)") }
      let result = try machine.ask(server, ["push", machine.source, "--repo", "swap", "-m", "m"])
      try #require(result.status == 0, "\(result)")
    }
    let (long, other) = (String(repeating: "a", count: 5000), String(repeating: "b", count: 6000))
    try push(["a": long, "b": other, "c": long, "d/e": long, "empty": ""])
    let first = try machine.ask(server, ["pull", "swap@latest", "--to", "copy", "--json"])
    #expect(try first.number("bytesFetched") == 11_000)
    #expect(try ClientMachine.tree(machine.folder.child("copy")) == ClientMachine.tree(machine.source))
    try push(["a": other, "b": long, "c/c": other])
    let second = try machine.ask(server, ["pull", "swap@latest", "--to", "copy", "--json"])
    #expect(try second.number("bytesFetched") == 0, "\(second)")
    #expect(try ClientMachine.tree(machine.folder.child("copy")) == ClientMachine.tree(machine.source))
    // Renamed by hand: the content is still in the folder.
    try FileManager.default.moveItem(
      atPath: machine.folder.child("copy/a"), toPath: machine.folder.child("copy/mine"))
    let third = try machine.ask(server, ["pull", "swap@latest", "--to", "copy", "--json"])
    #expect(try third.number("bytesFetched") == 0, "\(third)")
    #expect(machine.folder.exists("copy/mine"))
  }

  @Test("D31 files that were changed here are named, and nothing at all is written without --force")
  func conflicts() throws {
    let history = try BundleHistory()
    #expect(try pull(history, "one").status == 0)
    let folder = history.machine.folder
    try folder.write("mine", to: "copy/changed")
    try folder.write("mine too", to: "copy/gone")
    try folder.write("a stranger", to: "copy/new")
    let before = try folder.listing().filter {
      $0.key.utf8.starts(with: "copy/".utf8) && !$0.key.hasSuffix("/lock")
    }
    let refused = try pull(history, "two")
    #expect(refused.status == 1)
    #expect(
      refused.errors.contains("\"changed\", \"new\"") && refused.errors.contains("--force"), "\(refused)")
    let after = try folder.listing().filter {
      $0.key.utf8.starts(with: "copy/".utf8) && !$0.key.hasSuffix("/lock")
    }
    #expect(after == before)
    let forced = try pull(history, "two", ["--force"])
    #expect(forced.status == 0, "\(forced)")
    #expect(try forced.object["left"] as? [String] == ["gone"])
    var tree = try copy(history)
    #expect(try folder.text(of: "copy/gone") == "mine too")
    tree[try BundlePath("gone")] = nil
    #expect(try tree == self.tree(history, "two"))
  }

  @Test(
    "D31 what stands in the way and is nobody's but the user's stays, even with --force; a refusal leaves no trace"
  )
  func blocked() throws {
    let history = try BundleHistory()
    let folder = history.machine.folder
    try folder.write("mine", to: "copy/turns/mine")
    try folder.write("mine", to: "copy/opens")
    let refused = try pull(history, "two", ["--force"])
    #expect(refused.status == 1)
    #expect(refused.errors.contains("\"opens/now\", \"turns\""), "\(refused)")
    #expect(try folder.files().filter { $0.hasPrefix("copy/") } == ["copy/opens", "copy/turns/mine"])
    #expect(!folder.exists("copy/.sheaf"))
  }

  @Test("D31 --name-filter pulls a part, and what it leaves out stays as it is")
  func filter() throws {
    let history = try BundleHistory()
    #expect(try pull(history, "one", ["--name-filter", "^(turns/|same$)"]).status == 0)
    #expect(try copy(history).keys.map(\.text).sorted() == ["same", "turns/a", "turns/b/c"])
    #expect(try pull(history, "two", ["--name-filter", "new"]).status == 0)
    #expect(try copy(history).keys.map(\.text).sorted() == ["new", "same", "turns/a", "turns/b/c"])
    // Without the filter all of them are still known to be no changes of the user's.
    let all = try pull(history, "two")
    #expect(all.status == 0, "\(all)")
    #expect(try copy(history) == tree(history, "two"))
    let bad = try pull(history, "two", ["--name-filter", "("])
    #expect(bad.status == 2 && bad.errors.contains("--name-filter"), "\(bad)")
  }

  @Test("D31 a push of a pulled folder does not send its notes")
  func notes() throws {
    let history = try BundleHistory()
    #expect(try pull(history, "two").status == 0)
    let pushed = try history.ask(["push", "copy/", "--repo", "docs", "-m", "again", "--json"])
    #expect(pushed.status == 0, "\(pushed)")
    #expect(try history.ask(["diff", "docs@two", "latest"]).status == 0)
  }

  @Test(
    "D31 after kill -9 in the middle the same pull goes on with the bytes that are there, and proves them")
  func killed() throws {
    let machine = try ClientMachine()
    try machine.writeLarge("large.bin", mebibytes: 96, seed: 11)
    for number in 0..<50 { try machine.folder.write("small \(number)", to: "source/small/\(number)") }
    let server = try GatewayProcess.running()
    let pushed = try machine.ask(server, ["push", machine.source, "--repo", "big", "-m", "m"])
    try #require(pushed.status == 0, "\(pushed)")
    let tree = try ClientMachine.tree(machine.source)
    let digest = try #require(tree[try BundlePath("large.bin")]).digest
    for damage in [false, true] {
      let name = "copy-\(damage)"
      let part = machine.folder.child("\(name)/.sheaf/parts/\(digest).part")
      var wasKilled = false
      // A machine may be too busy to end it in time; then it is tried anew.
      for _ in 0..<10 where !wasKilled {
        try? FileManager.default.removeItem(atPath: machine.folder.child(name))
        let running = try machine.start(
          ["pull", "big@latest", "--to", name], environment: ["SHEAF_SERVER": server.baseURL])
        while running.isRunning, (try FileInfo.of(part)?.size ?? 0) < 4 << 20 { usleep(500) }
        wasKilled = try running.crash()
      }
      try #require(wasKilled)
      let there = try #require(try FileInfo.of(part)).size
      #expect(there > 0 && there < 96 << 20)
      try machine.folder.write("left over", to: "\(name)/.sheaf/parts/something.part")
      if damage {
        let file = try #require(FileHandle(forUpdatingAtPath: part))
        try file.seek(toOffset: 1_000_000)
        try file.write(contentsOf: Data("damage".utf8))
        try file.close()
      }
      let result = try machine.ask(server, ["pull", "big@latest", "--to", name, "--json"])
      #expect(result.status == 0, "\(result)")
      let resumed = try result.number("bytesResumed")
      // A small file or two may have been on their way as well.
      if damage { #expect(resumed < 1000) } else { #expect((there...there + 1000).contains(Int64(resumed))) }
      if !damage { #expect(try result.number("bytesFetched") <= (96 << 20) - resumed + 1000) }
      let copy = try ClientMachine.tree(machine.folder.child(name))
      let others = Set(copy.keys).union(tree.keys).filter { copy[$0] != tree[$0] }
      #expect(others.isEmpty, "\(others.map { ($0, copy[$0], tree[$0]) })")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: machine.folder.child("\(name)/.sheaf/parts"))
          .isEmpty)
    }
  }
}
