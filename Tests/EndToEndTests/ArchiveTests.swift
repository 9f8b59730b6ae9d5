import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// Bundles as archives, read by other programs.
@Suite struct ArchiveTests {
  private func run(_ arguments: [String], in folder: TemporaryFolder) throws -> ProgramResult {
    try RunningProgram(
      "/usr/bin/env", arguments, environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"],
      workingFolder: folder.path
    ).wait()
  }

  private func fetch(_ history: BundleHistory, _ rest: String, to name: String) throws {
    let answer = try history.server.request("GET", history.target("two", rest))
    try #require(answer.status == 200)
    try history.machine.folder.write(answer.body, to: name)
  }

  /// Bytes and modes; times in whole seconds, as zip has them.
  private func facts(_ tree: [BundlePath: FileFacts]) -> [BundlePath: FileFacts] {
    tree.mapValues {
      FileFacts(digest: $0.digest, mode: $0.mode, milliseconds: $0.milliseconds / 1000 * 1000)
    }
  }

  @Test(
    "D31 a zip archive, stored or deflated, is whole for unzip and Python",
    arguments: ["", "?compress=deflate"])
  func zip(query: String) throws {
    let history = try BundleHistory()
    let folder = history.machine.folder
    try fetch(history, ".zip\(query)", to: "bundle.zip")
    let tested = try run(["unzip", "-tqq", "bundle.zip"], in: folder)
    #expect(tested.status == 0, "\(tested)")
    let python = try run(
      [
        "python3", "-c",
        "import zipfile; z = zipfile.ZipFile('bundle.zip'); print(z.testzip(), {m.compress_type for m in z.infolist()})",
      ], in: folder)
    #expect(python.output == (query.isEmpty ? "None {0}\n" : "None {8}\n"), "\(python)")
    let unpacked = try run(["unzip", "-q", "bundle.zip", "-d", "out"], in: folder)
    #expect(unpacked.status == 0, "\(unpacked)")
    let out = try ClientMachine.tree(folder.child("out"))
    #expect(facts(out) == facts(try ClientMachine.tree(history.machine.source)))
    let size = try folder.bytes(of: "bundle.zip").count
    // Of the two large files one is random, the other repeats six letters 20,000 times.
    let random = BundleHistory.largeMebibytes << 20
    #expect(query.isEmpty ? size > random + 120_000 : size < random + 20_000)
  }

  @Test("D31 archives of what is not there, or packed in unknown ways, are refused")
  func refused() throws {
    let history = try BundleHistory()
    for (rest, status) in [(".zip?compress=lzma", 400)] {
      #expect(try history.server.request("GET", history.target("two", rest)).status == status)
    }
    for reference in ["nothing.zip", "nothing.bag.tar", ".zip", ".tar"] {
      #expect(try history.server.request("GET", history.target(reference, "")).status == 404, "\(reference)")
    }
  }
}
