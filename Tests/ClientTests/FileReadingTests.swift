import Client
import Foundation
import NIOCore
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct FileReadingTests {
  private static let mebibyte = 1 << 20
  let folder: TemporaryFolder
  let io = ThreadedExecutor(name: "test", threads: 2)
  /// Made once: 2.5 MiB in a debug build take their time.
  private static let pattern = (0..<(5 * mebibyte / 2)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
  private var content: [UInt8] { Self.pattern }

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(content, to: "file")
  }

  private func source() throws -> SourceFile {
    let info = try #require(try FileInfo.of(folder.child("file")))
    return SourceFile(path: try BundlePath("file"), localPath: folder.child("file"), info: info)
  }
  private func reading() async throws -> FileReading {
    try await FileReading.open(try source(), io: io, fileSystem: LinuxFileSystem())
  }
  private func digests(of bytes: [UInt8]) -> [String] {
    stride(from: 0, to: bytes.count, by: Self.mebibyte).map { start in
      SHA256Stream.digest(of: Array(bytes[start..<min(bytes.count, start + Self.mebibyte)])).hex
    }
  }
  private func remote(_ bytes: [UInt8]) -> BlocksAnswer {
    BlocksAnswer(blockBytes: Int64(Self.mebibyte), offset: Int64(bytes.count), blocks: digests(of: bytes))
  }

  @Test(
    "a body has the wanted bytes, and its hash goes on from the prefix",
    arguments: [0, 1, 300_000, 2_621_440])
  func body(start: Int64) async throws {
    let reading = try await reading()
    let sent = Locked(0)
    let hash = try await reading.hash(upTo: start)
    #expect(hash.digest() == SHA256Stream.digest(of: Array(content[..<Int(start)])))
    var received: [UInt8] = []
    let body = reading.chunks(
      from: start, to: Int64(content.count), hash: hash, onSent: { count in sent.withLock { $0 += count } })
    for try await chunk in body { received += chunk.readableBytesView }
    #expect(received == Array(content[Int(start)...]))
    #expect(sent.withLock { $0 } == received.count)
    #expect(
      try await reading.hash(upTo: Int64(content.count)).digest() == SHA256Stream.digest(of: content))
  }

  @Test(
    "the server's blocks agree with the file at every offset",
    arguments: [0, 1, 1_048_576, 1_048_577, 2_621_440])
  func equal(offset: Int) async throws {
    #expect(try await reading().firstDifference(from: remote(Array(content[..<offset]))) == nil)
  }

  @Test(
    "the first block that differs is found, the short last one included",
    arguments: [0, 1_500_000, 2_621_439])
  func different(position: Int) async throws {
    var other = content
    other[position] ^= 1
    let block = Int64(position / Self.mebibyte * Self.mebibyte)
    #expect(try await reading().firstDifference(from: remote(other)) == block)
  }

  @Test("a change at or after the offset is no difference")
  func changedBehind() async throws {
    var other = content
    other[2_000_000] ^= 1
    #expect(try await reading().firstDifference(from: remote(Array(other[..<2_000_000]))) == nil)
  }

  @Test("blocks that do not reach the offset prove nothing")
  func tooFewBlocks() async throws {
    var remote = remote(content)
    remote.blocks.removeLast()
    #expect(try await reading().firstDifference(from: remote) == Int64(2 * Self.mebibyte))
    remote.blockBytes = 0
    #expect(try await reading().firstDifference(from: remote) == 0)
  }

  @Test("a file that was written to is noticed, and may be sent again only with its old size")
  func changed() async throws {
    let reading = try await reading()
    try folder.write(content, to: "file")
    try FileAttributes.restore(folder.child("file"), mode: 0o644, modifiedNanoseconds: 1)
    let touched = await #expect(throws: SourceError.self) { try await reading.checkUnchanged() }
    #expect(touched?.allowsAnotherTry == true)
    try folder.write("short", to: "file")
    let shorter = await #expect(throws: SourceError.self) { try await reading.checkUnchanged() }
    #expect(shorter?.allowsAnotherTry == false)
    try FileManager.default.removeItem(atPath: folder.child("file"))
    let gone = await #expect(throws: SourceError.self) { try await reading.checkUnchanged() }
    #expect(gone?.allowsAnotherTry == false)
  }

  @Test("a file that ends early fails the body instead of sending something else")
  func truncated() async throws {
    let reading = try await reading()
    let body = reading.chunks(from: 0, to: Int64(content.count), hash: SHA256Stream(), onSent: { _ in })
    let file = try LinuxFileSystem().open(folder.child("file"), .readWrite)
    try file.truncate(to: 10)
    await #expect(throws: SourceError.self) { for try await _ in body {} }
  }
}
