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

  @Test(
    "MUST-6 an archive under way comes whole though its bundle is deleted and collected",
    arguments: [".zip", ".tar"])
  func collected(suffix: String) throws {
    let machine = try ClientMachine()
    for number in 0..<6 { try machine.writeLarge("large \(number)", mebibytes: 8, seed: UInt64(number + 50)) }
    let tree = try ClientMachine.tree(machine.source)
    let server = try GatewayProcess.running()
    let pushed = try machine.ask(server, ["push", machine.source, "--repo", "going", "-m", "m", "--json"])
    let bundle = try #require(try pushed.object["bundle"] as? String)
    let target = "\(server.baseURL)/api/v1/repos/going/bundles/\(bundle)\(suffix)"
    let curl = try RunningProgram(
      "/usr/bin/env", ["curl", "-sf", "--limit-rate", "8M", "-o", "archive", target],
      environment: ["PATH": "/usr/bin:/bin"], workingFolder: machine.folder.path)
    try eventually("the archive is under way") {
      try FileInfo.of(machine.folder.child("archive"))?.size ?? 0 > 0 || !curl.isRunning
    }
    for reference in ["latest", String(bundle.prefix(12))] {
      let refused = try server.request("DELETE", "/api/v1/repos/going/bundles/\(reference)")
      #expect(refused.status == 400 && refused.text.contains("whole id"), "\(refused.text)")
    }
    #expect(try server.request("DELETE", "/api/v1/repos/going/bundles/\(bundle)").status == 204)
    #expect(try machine.ask(server, ["gc"]).status == 0)
    if !curl.isRunning { print("the archive was over before the collection: this run shows nothing") }
    #expect(try curl.wait().status == 0)
    let unpacked =
      suffix == ".zip"
      ? try run(["unzip", "-q", "archive", "-d", "out"], in: machine.folder)
      : try run(["sh", "-c", "mkdir out && tar -xpf archive -C out"], in: machine.folder)
    #expect(unpacked.status == 0, "\(unpacked)")
    #expect(facts(try ClientMachine.tree(machine.folder.child("out"))) == facts(tree))
    // Nothing holds it any more.
    #expect(try machine.ask(server, ["gc", "--json"]).object["removedObjects"] as? Int == 7)
  }
}
