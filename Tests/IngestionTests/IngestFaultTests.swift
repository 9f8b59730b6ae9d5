import Catalog
import Foundation
import Ingestion
import Platform
import Pushes
import TestSupport
import Testing
import Vocabulary

@Suite struct IngestFaultTests {
  private func append(_ bytes: [UInt8], to path: String) throws {
    let file = try LinuxFileSystem().open(path, .readWrite)
    try file.write([bytes], at: try file.size())
    file.close()
  }

  @Test("D5 a file that changes while it is read is read again", arguments: ["a", "sub/three"])
  func changing(path: String) async throws {
    let fixture = try IngestFixture()
    var contents = try fixture.writeTree()
    let full = fixture.tree.child(path)
    let extra = [UInt8](repeating: 1, count: 7)
    fixture.meddling.onOpen { opened, count in
      if opened == path && count == 1 { try append(extra, to: full) }
    }
    let push = try await fixture.push(fixture.request())
    #expect(push.state == .queued)
    contents[path]? += extra
    try await fixture.expect(push.id, has: contents)
    #expect(fixture.meddling.count(of: path) == 2)
    #expect(push.expectedBytes == contents.values.reduce(0) { $0 + Int64($1.count) })
  }

  @Test(
    "D5 new bytes of the same length are noticed, and another file under the name too",
    arguments: ["a", "sub/three"])
  func exchanged(path: String) async throws {
    let fixture = try IngestFixture()
    var contents = try fixture.writeTree()
    let other = [UInt8](repeating: 9, count: contents[path]?.count ?? 0)
    fixture.meddling.onOpen { [tree = fixture.tree] opened, count in
      guard opened == path && count == 1 else { return }
      try tree.write(other, to: "elsewhere.tmp")
      try LinuxFileSystem().rename(tree.child("elsewhere.tmp"), to: tree.child(path))
    }
    let push = try await fixture.push(fixture.request())
    contents[path] = other
    #expect(push.state == .queued)
    try await fixture.expect(push.id, has: contents)
  }

  @Test(
    "D5 a file that changes every time fails the push, named; nothing of it is stored",
    arguments: ["a", "sub/three"])
  func restless(path: String) async throws {
    let fixture = try IngestFixture()
    _ = try fixture.writeTree()
    let full = fixture.tree.child(path)
    fixture.meddling.onOpen { opened, _ in if opened == path { try append([1], to: full) } }
    let push = try await fixture.push(fixture.request())
    #expect(push.state == .failed)
    #expect(push.errorCode == "source-changed")
    #expect(push.errorMessage?.contains("\"\(path)\"") == true)
    #expect(fixture.meddling.count(of: path) == 3)
    #expect(try fixture.temporary.files().filter { $0.hasPrefix("objects/.incoming/") } == [])
  }

  @Test("D5 a file that goes away fails the push, named")
  func gone() async throws {
    let fixture = try IngestFixture()
    _ = try fixture.writeTree()
    fixture.meddling.onOpen { [tree = fixture.tree] opened, _ in
      if opened == "a" { try LinuxFileSystem().remove(tree.child("sub/three")) }
    }
    let push = try await fixture.push(fixture.request(factor: 1))
    #expect(push.state == .failed)
    #expect(push.errorCode == "source-changed")
    #expect(push.errorMessage?.contains("\"sub/three\" in source \"disk\" went away") == true)
  }

  @Test("a source that vanishes in the middle fails the push with one error, and no bundle can come of it")
  func vanished() async throws {
    let fixture = try IngestFixture()
    let contents = try fixture.writeTree()
    let away = fixture.tree.path + "-away"
    fixture.meddling.onOpen { [tree = fixture.tree] opened, _ in
      if opened == "sub/deep/two" { try LinuxFileSystem().rename(tree.path, to: away) }
    }
    let runner = fixture.runner()
    let id = try await runner.open(fixture.request(factor: 1)).id
    await runner.runUntilIdle()
    let push = try await fixture.record(id)
    #expect(push.state == .failed)
    #expect(push.errorCode == "source-unavailable")
    #expect(fixture.logs.withLock { $0.filter { $0.hasPrefix("failed") }.count } == 1)
    let error = await #expect(throws: ProblemError.self) { try await fixture.register().seal(id) }
    #expect(error?.problem == .pushClosed)

    // The source is back, and one file is another one now: a retry takes the tree as it is.
    try LinuxFileSystem().rename(away, to: fixture.tree.path)
    try LinuxFileSystem().remove(fixture.tree.child("a"))
    fixture.meddling.onOpen { _, _ in }
    #expect(try await fixture.register().retry(id).state == .open)
    await runner.runUntilIdle()
    #expect(try await fixture.record(id).state == .queued)
    try await fixture.expect(id, has: contents.filter { $0.key != "a" })
  }

  @Test("a source that is not configured any more fails the push")
  func unconfigured() async throws {
    let fixture = try IngestFixture()
    _ = try fixture.writeTree()
    let id = try await fixture.runner().open(fixture.request()).id
    await fixture.runner(sources: ["another"]).runUntilIdle()
    #expect(try await fixture.record(id).errorCode == "source-unavailable")
  }

  @Test(
    "an unreadable file fails the push, named, and nothing of the server's paths is told",
    arguments: ["a", "sub/three"])
  func unreadable(path: String) async throws {
    let fixture = try IngestFixture()
    _ = try fixture.writeTree()
    fixture.meddling.forbid(path)
    let push = try await fixture.push(fixture.request())
    #expect(push.state == .failed)
    #expect(push.errorCode == "source-unreadable")
    #expect(push.errorMessage?.contains("\"\(path)\"") == true)
    #expect(push.errorMessage?.contains(fixture.tree.path) == false)
  }

  @Test("after a fault at any call of the catalog the push goes on by itself, and ends whole")
  func catalogFaults() async throws {
    for moment in FaultyCatalog.Moment.allCases {
      var number = moment == .before ? 1 : 3
      while true {
        let fixture = try IngestFixture()
        let contents = try fixture.writeTree()
        let runner = fixture.runner()
        let id = try await runner.open(fixture.request(factor: 1)).id
        fixture.catalog.fail(call: number, moment)
        await runner.runUntilIdle()
        let wasHit = fixture.catalog.wasHit
        fixture.catalog.heal()
        // Longer than it waits before it tries again.
        fixture.clock.advance(milliseconds: 100_000)
        await runner.runUntilIdle()
        #expect(try await fixture.record(id).state == .queued, "call \(number) \(moment)")
        try await fixture.expect(id, has: contents)
        if !wasHit { break }
        number += 4
      }
      #expect(number > 10)
    }
  }

  @Test("after a fault at any call of the disk nothing is half done, and a retry or a restart ends it")
  func diskFaults() async throws {
    for kind in [FileError.Kind.full, .other] {
      // Each third call, another third for each kind: all of them take long.
      var number = kind == .full ? 1 : 2
      while true {
        let fixture = try IngestFixture()
        let contents = try fixture.writeTree()
        let id = try await fixture.runner().open(fixture.request(factor: 1)).id
        fixture.files.fail(call: number, kind: kind)
        await fixture.runner().runUntilIdle()
        let wasHit = fixture.files.wasHit
        fixture.files.heal()
        var push = try await fixture.record(id)
        if push.state == .failed {
          #expect(push.errorCode == (kind == .full ? "storage-full" : "storage-fault"), "call \(number)")
          push = try await fixture.register().retry(id)
          await fixture.runner().runUntilIdle()
        }
        #expect(try await fixture.record(id).state == .queued, "call \(number) \(kind)")
        try await fixture.expect(id, has: contents)
        if !wasHit { break }
        number += 3
      }
      #expect(number > 10)
    }
  }

  @Test("D5 a run that is cut off at any moment goes on with the files that are missing")
  func restart() async throws {
    let fixture = try IngestFixture()
    let contents = try fixture.writeTree()
    let id = try await fixture.runner().open(fixture.request(factor: 1)).id
    var rounds = 0
    while try await fixture.record(id).state == .open {
      rounds += 1
      try #require(rounds < 50)
      let runner = fixture.runner()
      let stopped = Locked(false)
      // The second file that is opened is the last one this process sees.
      fixture.meddling.onOpen { _, _ in
        let isSecond = stopped.withLock { stopped in
          defer { stopped = true }
          return stopped
        }
        if isSecond { runner.stop(id) }
      }
      await runner.runOnce()
    }
    #expect(try await fixture.record(id).state == .queued)
    try await fixture.expect(id, has: contents)
  }

  @Test("a push that is cancelled in the middle stops, and is not gone on with")
  func cancelled() async throws {
    let fixture = try IngestFixture()
    _ = try fixture.writeTree()
    let runner = fixture.runner()
    let id = try await runner.open(fixture.request(factor: 1)).id
    let (isReached, isCancelled) = (Locked(false), Locked(false))
    fixture.meddling.onOpen { path, _ in
      guard path == "sub/deep/two" else { return }
      isReached.withLock { $0 = true }
      while !isCancelled.withLock({ $0 }) { sched_yield() }
    }
    let run = Task { await runner.runUntilIdle() }
    while !isReached.withLock({ $0 }) { await Task.yield() }
    _ = try await fixture.register().cancel(id)
    isCancelled.withLock { $0 = true }
    await run.value
    #expect(try await fixture.record(id).state == .cancelled)
    // The file that was on its way is not added to a push that is closed.
    #expect(try await fixture.uploads(of: id).map(\.path.text) == ["name with spaces é"])
    #expect(fixture.meddling.count(of: "sub/three") == 0)
    #expect(try fixture.temporary.files().filter { $0.hasPrefix("objects/.incoming/") } == [])
  }

  @Test("a push of a source takes no uploads of clients")
  func foreignUploads() async throws {
    let fixture = try IngestFixture()
    _ = try fixture.writeTree()
    let id = try await fixture.runner().open(fixture.request()).id
    let error = await #expect(throws: ProblemError.self) {
      try await fixture.catalog.read { reader in
        _ = try PushRules.admit(path: try BundlePath("x"), length: 1, into: id, in: reader)
      }
    }
    #expect(error?.problem == .pushClosed)
  }
}

extension IngestFixture {
  func register() -> PushRegister {
    PushRegister(
      catalog: catalog, clock: clock, entropy: SystemEntropy(), expirySeconds: 1000, wakeScheduler: {})
  }
}
