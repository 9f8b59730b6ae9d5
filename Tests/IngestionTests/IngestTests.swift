import Catalog
import Foundation
import Ingestion
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct IngestTests {
  @Test("D5 a tree becomes the push's files with their bytes, modes and times, and the push is queued")
  func whole() async throws {
    let fixture = try IngestFixture()
    let contents = try fixture.writeTree()
    try FileAttributes.restore(fixture.tree.child("a"), mode: 0o755, modifiedNanoseconds: -1_500_000)
    let push = try await fixture.push(fixture.request())
    #expect(push.state == .queued)
    #expect(push.origin == .source)
    #expect(push.source == SourceFolder(name: "disk", path: ""))
    #expect(push.expectedCount == Int64(contents.count))
    #expect(push.expectedBytes == contents.values.reduce(0) { $0 + Int64($1.count) })
    try await fixture.expect(push.id, has: contents)
    let first = try #require(try await fixture.uploads(of: push.id).first)
    #expect(first.path.text == "a")
    #expect(first.mode == 0o755)
    #expect(first.modifiedAt == Timestamp(milliseconds: -2))
    #expect(fixture.wakes.withLock { $0 } > 0)
  }

  @Test("D5 a folder below the source is pushed with paths relative to it")
  func folder() async throws {
    let fixture = try IngestFixture()
    let contents = try fixture.writeTree()
    let push = try await fixture.push(fixture.request("sub"))
    #expect(push.state == .queued)
    try await fixture.expect(
      push.id,
      has: Dictionary(
        uniqueKeysWithValues: contents.filter { $0.key.hasPrefix("sub/") }.map {
          (String($0.key.dropFirst(4)), $0.value)
        }))
  }

  @Test("D11 only what is selected is taken: files, folders, and what is named twice once")
  func selection() async throws {
    let fixture = try IngestFixture()
    let contents = try fixture.writeTree()
    let push = try await fixture.push(
      fixture.request(files: ["a", "sub/deep", "sub/deep/two", "sub/three", "a"]))
    #expect(push.state == .queued)
    let wanted: Set = ["a", "sub/deep/two", "sub/three"]
    try await fixture.expect(push.id, has: contents.filter { wanted.contains($0.key) })
  }

  @Test(
    "D11 a selected path that is not there, or is neither file nor folder, fails the push and is named",
    arguments: ["none", "link"])
  func badSelection(path: String) async throws {
    let fixture = try IngestFixture()
    _ = try fixture.writeTree()
    try FileManager.default.createSymbolicLink(
      atPath: fixture.tree.child("link"), withDestinationPath: "a")
    let push = try await fixture.push(fixture.request(files: [path]))
    #expect(push.state == .failed)
    #expect(push.errorCode == "source-unreadable")
    #expect(push.errorMessage?.contains("\"\(path)\"") == true)
    #expect(try await fixture.uploads(of: push.id).isEmpty)
  }

  @Test("C24 links, FIFOs and Sheaf's own folder are left out, and the log says so")
  func leftOut() async throws {
    let fixture = try IngestFixture()
    let contents = try fixture.writeTree()
    try fixture.tree.write("x", to: ".sheaf/bundle.json")
    try FileManager.default.createSymbolicLink(
      atPath: fixture.tree.child("sub/link"), withDestinationPath: "/etc")
    let made = try runProgram("/usr/bin/env", ["mkfifo", fixture.tree.child("fifo")])
    try #require(made.status == 0)
    let push = try await fixture.push(fixture.request())
    #expect(push.state == .queued)
    try await fixture.expect(push.id, has: contents)
    let log = fixture.logs.withLock { $0 }.joined(separator: "\n")
    for name in ["sub/link", "fifo", ".sheaf"] { #expect(log.contains("\"\(name)\""), "\(name)") }
  }

  @Test("D5 names that cannot be in a bundle fail the push, and all of them are told")
  func badNames() async throws {
    let fixture = try IngestFixture()
    try fixture.tree.write("x", to: "good")
    try fixture.tree.write("x", to: "new\nline")
    let script = "import os, sys; open(os.fsencode(sys.argv[1]) + b'/f\\xff', 'w')"
    let made = try runProgram("/usr/bin/env", ["python3", "-c", script, fixture.tree.path])
    try #require(made.status == 0, "\(made.errors)")
    let push = try await fixture.push(fixture.request())
    #expect(push.state == .failed)
    #expect(push.errorCode == "bad-path")
    #expect(push.errorMessage?.contains("\"new\\nline\"") == true, "\(push.errorMessage ?? "")")
    #expect(push.errorMessage?.contains("not valid UTF-8") == true)
  }

  @Test("C29 a folder without files fails the push")
  func empty() async throws {
    let fixture = try IngestFixture()
    try LinuxFileSystem().makeFolder(fixture.tree.child("nothing/here"))
    let push = try await fixture.push(fixture.request())
    #expect(push.state == .failed)
    #expect(push.errorCode == "push-incomplete")
    #expect(push.errorMessage?.contains("allowEmpty") == true)
  }

  @Test("C29 a folder without files is sealed when the push allows it")
  func allowedEmpty() async throws {
    let fixture = try IngestFixture()
    try LinuxFileSystem().makeFolder(fixture.tree.child("nothing/here"))
    var request = try fixture.request()
    request.allowsEmpty = true
    let push = try await fixture.push(request)
    #expect(push.state == .queued && push.allowsEmpty && push.expectedCount == 0)
    #expect(try await fixture.uploads(of: push.id).isEmpty)
    #expect(fixture.wakes.withLock { $0 } == 1)
  }

  @Test(
    "D6 what is wrong with a request is told before anything is made",
    arguments: [
      ("disk", "none", 4, Problem.notFound), ("disk", "a", 4, .sourceUnreadable), ("other", "", 4, .notFound),
      ("disk", "", 0, .badRequest), ("disk", "", 65, .badRequest),
    ])
  func badRequests(source: String, path: String, factor: Int, problem: Problem) async throws {
    let fixture = try IngestFixture()
    _ = try fixture.writeTree()
    var request = try fixture.request(path, factor: factor)
    request.source = source
    let wanted = request
    let error = await #expect(throws: ProblemError.self) {
      try await fixture.runner().open(wanted)
    }
    #expect(error?.problem == problem)
    #expect(try await fixture.catalog.read { try $0.openSourcePushes(limit: 10) }.isEmpty)
    #expect(try await fixture.catalog.read { try $0.repo(.inbox) } == nil)
  }

  @Test("D26 content that is stored already is not stored again, and what is unchanged is not copied")
  func again() async throws {
    let fixture = try IngestFixture()
    let contents = try fixture.writeTree()
    let first = try await fixture.push(fixture.request())
    try await fixture.commit(first)
    let before = try fixture.temporary.listing().filter {
      $0.key.hasPrefix("objects") || $0.key.hasPrefix("packs")
    }
    fixture.files.heal()
    let second = try await fixture.push(fixture.request())
    #expect(second.state == .queued)
    try await fixture.expect(second.id, has: contents)
    let after = try fixture.temporary.listing().filter {
      $0.key.hasPrefix("objects") || $0.key.hasPrefix("packs")
    }
    #expect(after == before)
    #expect(!fixture.files.trace.contains { $0.hasPrefix("open-create") })
  }

  @Test("C34 concurrencyFactor files are processed at once, and no more", arguments: [1, 3])
  func concurrency(factor: Int) async throws {
    let fixture = try IngestFixture()
    for index in 0..<12 { try fixture.tree.write("\(index)", to: "f\(index)") }
    let busy = Locked((now: 0, most: 0))
    fixture.meddling.onOpen { _, _ in
      let count = busy.withLock { busy in
        busy.now += 1
        busy.most = max(busy.most, busy.now)
        return busy.now
      }
      // Others get the chance to come in between.
      if count < factor { for _ in 0..<2000 where busy.withLock({ $0.now }) < factor { sched_yield() } }
      busy.withLock { $0.now -= 1 }
    }
    let push = try await fixture.push(fixture.request(factor: factor))
    #expect(push.state == .queued)
    #expect(busy.withLock { $0.most } <= factor)
    if factor == 1 { #expect(busy.withLock { $0.most } == 1) }
  }
}

@Suite struct IngestOrderTests {
  @Test("C34 two pushes are taken in at a time, and the third when one of them is done")
  func turns() async throws {
    let fixture = try IngestFixture()
    for folder in ["1", "2", "3"] { try fixture.tree.write("x", to: "\(folder)/file") }
    let runner = fixture.runner()
    var ids: [PushID] = []
    for folder in ["1", "2", "3"] {
      fixture.clock.advance(milliseconds: 1)
      ids.append(try await runner.open(fixture.request(folder)).id)
    }
    let busy = Locked<(now: Int, most: Int, order: [String])>((0, 0, []))
    fixture.meddling.onOpen { path, _ in
      busy.withLock { busy in
        busy.now += 1
        busy.most = max(busy.most, busy.now)
        busy.order.append(path)
      }
      // The first two wait for each other; a third beside them would be seen.
      if path != "3/file" { while busy.withLock({ $0.order.count }) < 2 { sched_yield() } }
      busy.withLock { $0.now -= 1 }
    }
    let waiting = try await fixture.record(ids[2])
    #expect(runner.progress(of: waiting)?.phase == .waiting)
    let task = Task { await runner.run() }
    while true {
      let states = try await fixture.catalog.read { [ids] reader in
        try ids.map { try reader.push($0)?.state }
      }
      if states.allSatisfy({ $0 == .queued }) { break }
      try #require(!states.contains(.failed))
      await Task.yield()
    }
    task.cancel()
    await task.value
    #expect(busy.withLock { $0.order.last } == "3/file")
    #expect(busy.withLock { $0.most } <= IngestRunner.maximumRunning)
  }
}

extension IngestFixture {
  /// What a commit leaves in the catalog.
  func commit(_ push: PushRecord) async throws {
    let now = clock.now()
    let id = BundleID.make(clock: clock, entropy: SystemEntropy())
    try await catalog.write { transaction in
      var push = push
      push.state = .committed
      push.bundle = id
      try transaction.insert(
        BundleRecord(
          id: id, repo: push.repo, sequence: 1, digest: SHA256Stream.digest(of: [UInt8]()), message: "m",
          label: nil, author: nil, push: push.id, fileCount: 1, byteCount: 1, createdAt: now))
      try transaction.markCommitted(uploadsOf: push.id)
      try transaction.update(push)
    }
  }
}
