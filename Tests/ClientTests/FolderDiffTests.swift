import Client
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct FolderDiffTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func entry(_ path: String, _ text: String) -> EntryAnswer {
    EntryAnswer(
      path: path, size: Int64(text.utf8.count), sha256: SHA256Stream.digest(of: Array(text.utf8)).hex,
      mode: nil,
      mtime: nil)
  }

  @Test("D32 a folder is compared with a bundle by content: A, D, U and R")
  func kinds() async throws {
    for (path, text) in [
      ("same", "1"), ("sub/changed", "22"), ("shorter", "3"), ("new", "fresh"), ("moved here", "travels"),
      (".sheaf/bundle.json", "{}"), ("sub/.sheaf/x", "{}"),
      ("odd/.sheaf/y", "y"),
    ] { try folder.write(text, to: "copy/\(path)") }
    let scan = FolderScan(contentsOf: folder.child("copy"))
    let outcome = try await FolderDiff(
      folder: folder.child("copy"), io: ThreadedExecutor(name: "test", threads: 2)
    ).run(
      [
        entry("gone", "gone"), entry("moved", "travels"), entry("same", "1"), entry("shorter", "33"),
        entry("sub/changed", "2x"), entry("odd/.sheaf/y", "y"),
      ], scan.files)
    #expect(
      outcome.changes.map(\.line) == [
        "D gone", "R moved -> moved here", "A new", "U shorter", "U sub/changed",
      ])
    var counts = ChangeCounts()
    (counts.added, counts.deleted, counts.updated, counts.renamed, counts.unchanged) = (1, 1, 2, 1, 2)
    #expect(outcome.counts == counts && !counts.areEqual)
  }
}
