import Client
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct FolderCheckTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("same", to: "copy/a/same.txt")
    try folder.write("other", to: "copy/a/other.txt")
    try folder.write("outside", to: "elsewhere/secret")
  }

  private func entry(_ path: String, _ content: String) -> EntryAnswer {
    let bytes = Array(content.utf8)
    return EntryAnswer(
      path: path, size: Int64(bytes.count), sha256: SHA256Stream.digest(of: bytes).hex, mode: "0644",
      mtime: nil)
  }
  private func check(_ entries: EntryAnswer...) async throws -> [FolderCheck.Item] {
    try await FolderCheck(folder: folder.child("copy/"), io: ThreadedExecutor(name: "test", threads: 2)).run(
      entries)
  }

  @Test("equal files are no finding, and what only the folder has is not looked at")
  func equal() async throws { #expect(try await check(entry("a/same.txt", "same")) == []) }

  @Test("what is missing, shorter or different is found")
  func findings() async throws {
    let found = try await check(
      entry("a/same.txt", "same"), entry("a/other.txt", "othex"), entry("gone", "x"), entry("a", "x"))
    #expect(
      found == [
        .init(path: "a", reason: .notAFile), .init(path: "a/other.txt", reason: .different),
        .init(path: "gone", reason: .missing),
      ])
  }

  @Test("no link leads out of the folder, neither as a file nor on the way to one")
  func links() async throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder.child("copy/way"), withDestinationPath: folder.child("elsewhere"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.child("copy/link"), withDestinationPath: folder.child("elsewhere/secret"))
    let found = try await check(entry("way/secret", "outside"), entry("link", "outside"))
    #expect(found == [.init(path: "link", reason: .notAFile), .init(path: "way/secret", reason: .missing)])
  }

  @Test(
    "a path that no bundle can have is not followed", arguments: ["../elsewhere/secret", "/etc/hostname", ""])
  func badPaths(path: String) async throws {
    #expect(try await check(entry(path, "outside")) == [.init(path: path, reason: .unreadable)])
  }
}
