import Foundation
import Glibc
import Platform
import TestSupport
import Testing

@Suite struct ConfinedFolderTests {
  /// A source with a secret beside it.
  private static func make() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("inside", to: "root/a/b/file")
    try folder.write("secret", to: "secret/file")
    try makeLink(at: folder.child("root/out"), to: folder.child("secret"))
    try makeLink(at: folder.child("root/a/up"), to: "../../secret")
    try makeLink(at: folder.child("root/a/filelink"), to: "b/file")
    try makeLink(at: folder.child("root/loop"), to: "loop")
    return folder
  }

  private static func open(_ folder: TemporaryFolder, _ stepwise: Bool) throws -> ConfinedFolder {
    try ConfinedFolder(folder.child("root"), stepwise: stepwise)
  }

  private static func text(_ file: any OpenFile) throws -> String {
    String(decoding: try file.readBytes(100, at: 0), as: UTF8.self)
  }

  @Test("D4 files and folders below the root are found, in both ways of looking", arguments: [false, true])
  func inside(stepwise: Bool) throws {
    let folder = try Self.make()
    let root = try Self.open(folder, stepwise)
    #expect(try Self.text(root.open("a/b/file")) == "inside")
    #expect(try root.info("")?.kind == .folder)
    #expect(try root.info("a/b")?.kind == .folder)
    #expect(try root.info("a/b/none") == nil)
    #expect(try root.info("a/b/file/below") == nil)
    #expect(root.isInPlace)
    var names: [String] = []
    let stream = try root.folder("a")
    while let name = try stream.nextName() { names.append(String(decoding: name, as: UTF8.self)) }
    #expect(names.sorted() == ["b", "filelink", "up"])
    #expect(try stream.member(Array("b".utf8))?.info.kind == .folder)
    #expect(try stream.member(Array("gone".utf8)) == nil)
  }

  @Test(
    "D4 C24 no path leads out of the root",
    arguments: [
      "..", "../secret/file", "a/../../secret/file", "a/..", ".", "./a", "/etc/passwd", "//etc/passwd",
      "a//b",
      "a/", "/", "a/b/file\0", "\0", "out/file", "a/up/file", "out/../secret/file",
    ], [false, true])
  func attacks(path: String, stepwise: Bool) throws {
    let folder = try Self.make()
    let root = try Self.open(folder, stepwise)
    #expect(throws: FileError.self) { try root.open(path) }
    #expect(throws: FileError.self) { try root.folder(path) }
    #expect((try? root.info(path)) == nil)
    #expect(try Self.text(root.open("a/b/file")) == "inside")
    #expect(folder.exists("secret/file"))
  }

  @Test(
    "C24 a symbolic link is told as one and never followed, also inside of the root",
    arguments: ["out", "a/up", "a/filelink", "loop"], [false, true])
  func links(path: String, stepwise: Bool) throws {
    let folder = try Self.make()
    let root = try Self.open(folder, stepwise)
    #expect(try root.info(path)?.kind == .link)
    #expect(throws: FileError.self) { try root.open(path) }
    #expect(throws: FileError.self) { try root.folder(path) }
  }

  @Test("a root that is a link, or no folder, or not there is refused")
  func badRoot() throws {
    let folder = try Self.make()
    for name in ["root/out", "root/a/b/file", "none"] {
      #expect(throws: FileError.self) { try ConfinedFolder(folder.child(name)) }
    }
  }

  @Test(
    "D4 FIFOs and devices are refused and never waited for", .timeLimit(.minutes(1)),
    arguments: [false, true])
  func specialFiles(stepwise: Bool) throws {
    let folder = try Self.make()
    let made = try runProgram("/usr/bin/env", ["mkfifo", folder.child("root/fifo")])
    try #require(made.status == 0, "\(made.errors)")
    let root = try Self.open(folder, stepwise)
    #expect(try root.info("fifo")?.kind == .other)
    #expect(throws: FileError.self) { try root.open("fifo") }
    let devices = try ConfinedFolder("/dev", stepwise: stepwise)
    #expect(try devices.info("zero")?.kind == .other)
    #expect(throws: FileError.self) { try devices.open("zero") }
  }

  @Test(
    "D4 a folder that is exchanged for a link all the time never shows what is outside",
    arguments: [false, true])
  func race(stepwise: Bool) async throws {
    let folder = try Self.make()
    // The same path on both sides: only the content tells whether it led out.
    try folder.write("inside", to: "root/swap/file")
    try makeLink(at: folder.child("root/lure"), to: folder.child("secret"))
    let root = try Self.open(folder, stepwise)
    let seen = try await blocking { () -> [String: Int] in
      let (isOver, hasEnded) = (Locked(false), Locked(false))
      // A thread of its own, which needs none of the pool's to begin.
      Thread.detachNewThread {
        while !isOver.withLock({ $0 }) { Self.exchange(folder) }
        hasEnded.withLock { $0 = true }
      }
      defer {
        isOver.withLock { $0 = true }
        while !hasEnded.withLock({ $0 }) { sched_yield() }
      }
      var seen: [String: Int] = [:]
      for _ in 0..<1_000_000 where (seen["refused"] ?? 0) < 1000 || (seen["inside"] ?? 0) < 1000 {
        do {
          seen[try Self.text(root.open("swap/file")), default: 0] += 1
        } catch is FileError {
          seen["refused", default: 0] += 1
        }
      }
      return seen
    }
    #expect(seen["secret"] == nil)
    #expect(Set(seen.keys) == ["inside", "refused"], "\(seen)")
  }

  /// The folder goes away, a link to the secret has its name for a moment, and the folder comes back.
  private static func exchange(_ folder: TemporaryFolder) {
    for (one, other) in [("swap", "kept"), ("lure", "swap"), ("swap", "lure"), ("kept", "swap")] {
      do {
        try LinuxFileSystem().rename(folder.child("root/\(one)"), to: folder.child("root/\(other)"))
      } catch { Issue.record("\(error)") }
    }
  }

  @Test("D4 the root's folder that was moved away or replaced is noticed")
  func replaced() throws {
    let folder = try Self.make()
    let root = try Self.open(folder, false)
    try LinuxFileSystem().rename(folder.child("root"), to: folder.child("elsewhere"))
    #expect(!root.isInPlace)
    try LinuxFileSystem().makeFolder(folder.child("root"))
    #expect(!root.isInPlace)
  }

  @Test("a stamp tells of new content, new attributes and another file")
  func stamps() throws {
    let folder = try Self.make()
    let root = try Self.open(folder, false)
    let file = try root.open("a/b/file")
    let first = try file.stamp()
    #expect(try file.stamp() == first)
    let writable = try LinuxFileSystem().open(folder.child("root/a/b/file"), .readWrite)
    try writable.write([Array("outside".utf8)], at: 0)
    #expect(try file.stamp() != first)
  }

  @Test("bytes are copied also where the kernel copies none: between file systems, and out of /proc")
  func copies() throws {
    let folder = try TemporaryFolder()
    let target = try LinuxFileSystem().open(folder.child("target"), .create)
    let kernelFile = try ConfinedFolder("/proc").open("version")
    let expected = try kernelFile.readBytes(1000, at: 0)
    #expect(!expected.isEmpty)
    #expect(try target.copy(1000, of: kernelFile, from: 0, to: 0) == Int64(expected.count))
    #expect(try target.readBytes(1000, at: 0) == expected)
  }
}
