import Platform
import TestSupport
import Testing

/// The laws of the simulated disk: what it keeps for sure, and what it may lose.
@Suite struct SimulatedDiskTests {
  private static let seeds = UInt64(1)...100
  private static let power = CrashRules(isPowerLoss: true, isAppendOrdered: false)
  private static let ordered = CrashRules(isPowerLoss: true, isAppendOrdered: true)
  private let old = [UInt8](repeating: 7, count: 3000)
  private let new = [UInt8](repeating: 9, count: 3000)

  private func disk(_ seed: UInt64, _ rates: FaultPlan.Rates = .init()) -> (SimulatedDisk, FaultPlan) {
    let plan = FaultPlan(seed: seed, rates: rates)
    return (SimulatedDisk(seed: seed, plan: plan, trace: SimulationTrace()), plan)
  }

  /// What is at `path` after a crash, over all seeds.
  private func afterCrash(
    _ path: String, _ rules: CrashRules = power, _ scenario: (SimulatedFileSystem) throws -> Void
  ) throws -> [[UInt8]?] {
    try Self.seeds.map { seed in
      let (disk, _) = disk(seed)
      try scenario(disk.open())
      disk.crash(rules)
      return disk.bytes(path)
    }
  }

  private func make(_ path: String, _ bytes: [UInt8], on files: SimulatedFileSystem) throws -> any OpenFile {
    let file = try files.open(path, .create)
    try file.write([bytes], at: 0)
    return file
  }

  @Test("a synced file under a synced name survives every crash")
  func synced() throws {
    let found = try afterCrash("/a/f") { files in
      try files.makeFolder("/a")
      try files.syncFolder("/")
      try make("/a/f", old, on: files).sync()
      try files.syncFolder("/a")
    }
    #expect(found.allSatisfy { $0 == old })
  }

  @Test("a file's bytes and its name are lost apart; a folder's name takes what is in it along")
  func lost() throws {
    let bytes = try afterCrash("/f") { files in
      _ = try make("/f", old, on: files)
      try files.syncFolder("/")
    }
    #expect(bytes.allSatisfy { $0 != nil })
    #expect(bytes.contains([]) && bytes.contains(old) && bytes.contains { ![[], old].contains($0) })
    let name = try afterCrash("/f") { files in try make("/f", old, on: files).sync() }
    #expect(name.contains(nil) && name.contains(old) && name.allSatisfy { $0 == nil || $0 == old })
    let folder = try afterCrash("/a/f") { files in
      try files.makeFolder("/a")
      try make("/a/f", old, on: files).sync()
      try files.syncFolder("/a")
    }
    #expect(folder.contains(nil) && folder.contains(old))
  }

  @Test("a torn overwrite leaves old and new bytes in whole sectors")
  func torn() throws {
    let found = try afterCrash("/f") { files in
      let file = try make("/f", old, on: files)
      try file.sync()
      try files.syncFolder("/")
      try file.write([new], at: 0)
    }
    for bytes in found {
      let bytes = try #require(bytes)
      #expect(bytes.count == 3000)
      for start in stride(from: 0, to: bytes.count, by: 512) {
        #expect(Set(bytes[start..<min(start + 512, bytes.count)]).count == 1)
      }
    }
    #expect(found.contains { Set($0 ?? []) == [7, 9] })
  }

  @Test("lost appends leave a hole of zeros, or with ordered appends only a shorter file")
  func appends() throws {
    func appended(_ rules: CrashRules) throws -> [[UInt8]] {
      try afterCrash("/f", rules) { files in
        let file = try make("/f", old, on: files)
        try file.sync()
        try files.syncFolder("/")
        for number in 0..<4 { try file.write([new], at: Int64(3000 * (number + 1))) }
      }.map { try #require($0) }
    }
    let whole = old + new + new + new + new
    #expect(try appended(Self.power).contains { $0.contains(0) })
    let ordered = try appended(Self.ordered)
    #expect(ordered.allSatisfy { $0.count >= 3000 && $0 == Array(whole.prefix($0.count)) })
    #expect(ordered.contains { $0.count % 3000 != 0 })
  }

  @Test("the end of the processes alone loses nothing")
  func processEnd() throws {
    let found = try afterCrash("/a/f", CrashRules(isPowerLoss: false, isAppendOrdered: false)) { files in
      try files.makeFolder("/a")
      _ = try make("/a/f", old, on: files)
    }
    #expect(found.allSatisfy { $0 == old })
  }

  @Test("a rename without a sync of its folder may vanish, and is never half done")
  func renamed() throws {
    var outcomes: Set<[Bool]> = []
    for seed in Self.seeds {
      let (disk, _) = disk(seed)
      let files = disk.open()
      try files.makeFolder("/a")
      try files.syncFolder("/")
      try make("/f", old, on: files).sync()
      try files.syncFolder("/")
      try files.rename("/f", to: "/a/g")
      disk.crash(Self.power)
      outcomes.insert([disk.bytes("/f") == old, disk.bytes("/a/g") == old])
    }
    #expect(outcomes == [[true, false], [false, true]])
  }

  @Test("AtomicFile leaves the old file or the new one, whatever call the machine stops at")
  func atomicFile() throws {
    for seed in Self.seeds {
      for call in 1...8 {
        let (disk, plan) = disk(seed)
        try AtomicFile.write(old, to: "f", in: "/", on: disk.open())
        plan.strike(call: plan.calls + call, .crash)
        let isDone = (try? AtomicFile.write(new, to: "f", in: "/", on: disk.open())) != nil
        disk.crash(Self.power)
        #expect(disk.bytes("/f") == new || !isDone && disk.bytes("/f") == old)
      }
    }
  }

  @Test("after a failed sync a second one succeeds without the bytes being there")
  func failedSync() throws {
    var read: Set<[UInt8]> = []
    var survived: Set<[UInt8]?> = []
    for seed in Self.seeds {
      let (disk, plan) = disk(seed)
      let files = disk.open()
      let file = try make("/f", old, on: files)
      try files.syncFolder("/")
      plan.strike(call: plan.calls + 1, .failed)
      #expect(throws: FileError.self) { try file.sync() }
      try file.sync()
      read.insert(try file.readBytes(3000, at: 0))
      survived.insert(disk.durableBytes("/f"))
    }
    #expect(read == [old, [UInt8](repeating: 0, count: 3000)])
    #expect(survived == [old, []])
  }

  @Test("a full disk takes what fits and has room again once files are gone")
  func capacity() throws {
    let (disk, _) = disk(1)
    disk.capacity = 4000
    let files = disk.open()
    let first = try make("/f", old, on: files)
    let second = try files.open("/g", .create)
    #expect { try second.write([new], at: 0) } throws: { ($0 as? FileError)?.kind == .full }
    #expect(try second.size() == 1000)
    #expect(try files.space("/").free == 0)
    try files.remove("/f")
    #expect(try files.space("/").free == 0, "an open file keeps its space")
    first.close()
    try second.write([new], at: 0)
    #expect(try files.space("/").free == 1000)
  }

  @Test("a failed write may have stored a part, and nothing else")
  func failedWrite() throws {
    var sizes: Set<Int> = []
    for seed in Self.seeds {
      let (disk, plan) = disk(seed)
      let file = try disk.open().open("/f", .create)
      plan.strike(call: 2, .failed)
      #expect(throws: FileError.self) { try file.write([old, new], at: 0) }
      let stored = try #require(disk.bytes("/f"))
      #expect(stored == Array((old + new).prefix(stored.count)))
      sizes.insert(stored.count)
    }
    #expect(sizes.count > 10)
  }

  @Test("links share their bytes, removed names stay gone once synced, and modes are kept to")
  func names() throws {
    let (disk, _) = disk(1)
    let files = disk.open()
    let file = try make("/f", old, on: files)
    try files.link("/f", to: "/g")
    #expect(try file.linkCount() == 2)
    #expect { try files.link("/f", to: "/g") } throws: { ($0 as? FileError)?.kind == .exists }
    try file.setPermissions(0o444)
    #expect { try files.open("/g", .readWrite) } throws: { ($0 as? FileError)?.kind == .denied }
    try file.sync()
    try files.remove("/f")
    try files.syncFolder("/")
    disk.crash(Self.power)
    #expect(disk.bytes("/f") == nil && disk.bytes("/g") == old)
    #expect(try disk.open().list("/") == ["g"])
  }

  @Test("what an earlier life opened fails after a crash")
  func lives() throws {
    let (disk, _) = disk(1)
    let files = disk.open()
    let file = try make("/f", old, on: files)
    disk.crash(Self.power)
    #expect(throws: FileError.self) { try file.size() }
    #expect(throws: FileError.self) { try files.list("/") }
    #expect(throws: Never.self) { try disk.open().list("/") }
  }
}
