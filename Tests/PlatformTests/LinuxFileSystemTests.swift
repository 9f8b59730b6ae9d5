import Foundation
import Platform
import TestSupport
import Testing

func makeLink(at path: String, to target: String) throws {
  try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
}

@Suite struct LinuxFileSystemTests {
  private let folder: TemporaryFolder
  private let files = LinuxFileSystem()

  init() throws { folder = try TemporaryFolder() }

  private func kind(_ body: () throws -> Void) -> FileError.Kind? {
    do {
      try body()
      return nil
    } catch {
      return (error as? FileError)?.kind
    }
  }

  /// A file as a file system without a call of its own for copies would have it.
  private final class PlainFile: OpenFile {
    let base: any OpenFile
    init(_ base: any OpenFile) { self.base = base }
    func write(_ chunks: [any ByteChunk], at offset: Int64) throws(FileError) {
      try base.write(chunks, at: offset)
    }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
      try base.read(into: buffer, at: offset)
    }
    func size() throws(FileError) -> Int64 { try base.size() }
    func truncate(to size: Int64) throws(FileError) { try base.truncate(to: size) }
    func sync() throws(FileError) { try base.sync() }
    func linkCount() throws(FileError) -> Int { try base.linkCount() }
    func setPermissions(_ mode: UInt32) throws(FileError) { try base.setPermissions(mode) }
    func close() { base.close() }
  }

  @Test("a copy is the bytes asked for, as far as the other file has them", arguments: [true, false])
  func copy(isPlain: Bool) throws {
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let source = try files.open(folder.child("source"), .create)
    try source.write([bytes], at: 0)
    let made = try files.open(folder.child("target"), .create)
    let target: any OpenFile = isPlain ? PlainFile(made) : made
    try target.write([[1, 2, 3]], at: 0)
    #expect(try target.copy(2_999_990, of: source, from: 5, to: 3) == 2_999_990)
    #expect(try target.readBytes(4_000_000, at: 0) == [1, 2, 3] + bytes[5..<2_999_995])
    #expect(try target.copy(100, of: source, from: 2_999_999, to: 0) == 1)
    #expect(try target.copy(100, of: source, from: 3_000_000, to: 0) == 0)
  }

  @Test("bytes written are read back, from wherever they are asked for")
  func content() throws {
    let file = try files.open(folder.child("a"), .create)
    try file.write([Array("abc".utf8), [], Array("def".utf8)], at: 0)
    try file.write([Array("X".utf8)], at: 2)
    try file.sync()
    #expect(try file.size() == 6)
    #expect(try file.readBytes(100, at: 0) == Array("abXdef".utf8))
    #expect(try file.readBytes(2, at: 3) == Array("de".utf8))
    #expect(try file.readBytes(2, at: 6) == [])
    #expect(try file.readBytes(2, at: 1000) == [])
    #expect(try file.readBytes(0, at: 0) == [])
    try file.truncate(to: 2)
    #expect(try files.size(folder.child("a")) == 2)
    file.close()
    file.close()
    #expect(try folder.text(of: "a") == "ab")
  }

  @Test("what is not there is told apart from other failures")
  func notFound() throws {
    let path = folder.child("none")
    #expect(kind { _ = try files.open(path, .read) } == .notFound)
    #expect(kind { _ = try files.open(path, .readWrite) } == .notFound)
    #expect(kind { _ = try files.open(path + "/below", .create) } == .notFound)
    #expect(kind { _ = try files.list(path) } == .notFound)
    #expect(kind { try files.rename(path, to: folder.child("other")) } == .notFound)
    #expect(kind { try files.link(path, to: folder.child("other")) } == .notFound)
    #expect(kind { try files.syncFolder(path) } == .notFound)
    #expect(kind { _ = try files.space(path) } == .notFound)
    #expect(try files.size(path) == nil)
    try files.remove(path)
    try folder.write("x", to: "file")
    #expect(try files.size(folder.child("file/below")) == nil)
  }

  @Test("what is there already is not made again")
  func exists() throws {
    try folder.write("old", to: "a")
    try folder.write("other", to: "b")
    #expect(kind { _ = try files.open(folder.child("a"), .create) } == .exists)
    #expect(kind { try files.link(folder.child("b"), to: folder.child("a")) } == .exists)
    #expect(try folder.text(of: "a") == "old")
    try files.rename(folder.child("b"), to: folder.child("a"))
    #expect(try folder.text(of: "a") == "other")
    #expect(!folder.exists("b"))
  }

  @Test("B-21 a final symbolic link is never followed")
  func links() throws {
    try folder.write("secret", to: "target")
    let link = folder.child("link")
    try makeLink(at: link, to: folder.child("target"))
    #expect(kind { _ = try files.open(link, .read) } == .other)
    #expect(kind { _ = try files.open(link, .readWrite) } == .other)
    #expect(kind { _ = try files.open(link, .create) } == .exists)
    #expect(try files.size(link) != 6)
    try files.remove(link)
    #expect(try folder.text(of: "target") == "secret")
  }

  @Test("folders are made with those above them, and again without harm")
  func folders() throws {
    try files.makeFolder(folder.child("a/b/\u{301}c/d"))
    try files.makeFolder(folder.child("a/b/\u{301}c/d"))
    #expect(Set(try files.list(folder.path)) == ["a"])
    #expect(try files.list(folder.child("a/b/\u{301}c")) == ["d"])
    #expect(try files.list(folder.child("a/b/\u{301}c/d")) == [])
    try files.syncFolder(folder.child("a"))
  }

  @Test("a second name is the same file, and outlives the first")
  func secondName() throws {
    try folder.write("x", to: "a")
    try files.link(folder.child("a"), to: folder.child("b"))
    let first = try #require(try FileInfo.of(folder.child("a")))
    #expect(try FileInfo.of(folder.child("b")) == first)
    try files.remove(folder.child("a"))
    #expect(try folder.text(of: "b") == "x")
  }

  @Test("permissions are set on the open file")
  func permissions() throws {
    let file = try files.open(folder.child("a"), .create)
    try file.setPermissions(0o444)
    #expect(try #require(try FileInfo.of(folder.child("a"))).mode == 0o444)
  }

  @Test("space is counted in bytes, and free is not more than all")
  func space() throws {
    let (free, total) = try files.space(folder.path)
    #expect(free >= 0 && free <= total && total > 0)
  }

  @Test(
    "a full device is told apart from other failures",
    .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func full() throws {
    let file = try files.open("/dev/full", .readWrite)
    #expect(kind { try file.write([[1, 2, 3]], at: 0) } == .full)
  }

  @Test("an error names the call, the path and the reason")
  func description() throws {
    let error = #expect(throws: FileError.self) { try files.open(folder.child("none"), .read) }
    #expect(error?.description == "open \(folder.child("none")): No such file or directory")
  }
}
