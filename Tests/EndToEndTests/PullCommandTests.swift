import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// A folder that was pushed, and comes back in every way there is.
@Suite struct PullCommandTests {
  /// A server with one bundle of the machine's source folder, labelled `first`.
  private struct Pushed {
    let server: GatewayProcess
    let machine: ClientMachine
    let bundle: String
    let tree: [BundlePath: FileFacts]
  }

  /// 200 small files, with every tenth empty and names of many kinds, and one of 20 MiB.
  private func pushed() throws -> Pushed {
    let machine = try ClientMachine()
    var random = SeededRandom(seed: 7)
    // The last two look alike, and are two names.
    let names = ["plain", "with space", "日本", "кот", "ع", "'\"\\*", "caf\u{e9}", "cafe\u{301}"]
    var paths = ["large.bin"]
    try machine.writeLarge("large.bin", mebibytes: 20, seed: 7)
    for number in 0..<200 {
      let folders = (0..<number % 4).map { names[(number + $0) % names.count] }
      let path = (folders + ["\(names[number % names.count]) \(number).txt"]).joined(separator: "/")
      let count = number % 10 == 0 ? 0 : random.int(1...5000)
      try machine.folder.write(random.bytes(count), to: "source/\(path)")
      paths.append(path)
    }
    for (number, path) in paths.enumerated() {
      let attributes: [FileAttributeKey: Any] = [
        .posixPermissions: [0o644, 0o600, 0o755, 0o640][number % 4],
        .modificationDate: Date(timeIntervalSince1970: 1_600_000_000.125 + Double(number)),
      ]
      try FileManager.default.setAttributes(attributes, ofItemAtPath: machine.source + path)
    }
    let server = try GatewayProcess()
    try server.start()
    let result = try machine.ask(
      server,
      ["push", machine.source, "--repo", "docs", "-m", "all of it", "--label", "first", "--json"])
    try #require(result.status == 0, "\(result)")
    let summary = try result.object
    #expect(summary["files"] as? Int == paths.count)
    let tree = try ClientMachine.tree(machine.source)
    try #require(tree.count == paths.count)
    return Pushed(
      server: server, machine: machine, bundle: try #require(summary["bundle"] as? String), tree: tree)
  }

  @Test("a pushed folder verifies, and downloads again with the same bytes, modes and times")
  func download() throws {
    let pushed = try pushed()
    let address = "docs@\(pushed.bundle)"
    let answer = try pushed.server.json("GET", "/api/v1/repos/docs/bundles/\(pushed.bundle)")
    #expect(answer.status == 200)
    #expect(answer.object["labels"] as? [String] == ["first"])
    let verified = try pushed.machine.ask(
      pushed.server, ["verify", address, "--dir", pushed.machine.source])
    #expect(verified.status == 0, "\(verified)")
    let arguments = ["bundle", "download", address, "--to", "copy", "--json"]
    let first = try pushed.machine.ask(pushed.server, arguments)
    #expect(first.status == 0, "\(first)")
    #expect(try first.object["written"] as? Int == pushed.tree.count)
    #expect(try ClientMachine.tree(pushed.machine.folder.child("copy")) == pushed.tree)
    let second = try pushed.machine.ask(pushed.server, arguments)
    #expect(try second.object["skipped"] as? Int == pushed.tree.count)
  }

  @Test("verify and download name the local file that differs, end with status 1, and leave it as it is")
  func different() throws {
    let pushed = try pushed()
    try pushed.machine.folder.write("mine", to: "source/plain 0.txt")
    let verified = try pushed.machine.ask(
      pushed.server, ["verify", "docs@first", "--dir", pushed.machine.source])
    #expect(verified.status == 1)
    #expect(verified.output.contains("local: plain 0.txt: "), "\(verified.output)")
    let download = ["bundle", "download", "docs@first", "--to", "source"]
    let refused = try pushed.machine.ask(pushed.server, download)
    #expect(refused.status == 1)
    #expect(refused.errors.contains("\"plain 0.txt\""), "\(refused.errors)")
    #expect(try pushed.machine.folder.text(of: "source/plain 0.txt") == "mine")
    #expect(try pushed.machine.ask(pushed.server, download + ["--force"]).status == 0)
    #expect(try ClientMachine.tree(pushed.machine.source) == pushed.tree)
  }

  @Test("the system's tar reads a bundle's archive as the folder that was pushed, times in whole seconds")
  func archive() throws {
    let pushed = try pushed()
    let answer = try pushed.server.request("GET", "/api/v1/repos/docs/bundles/\(pushed.bundle).tar")
    #expect(answer.status == 200)
    let folder = pushed.machine.folder
    try folder.write(answer.body, to: "bundle.tar")
    try FileManager.default.createDirectory(atPath: folder.child("out"), withIntermediateDirectories: false)
    let tar = try RunningProgram(
      "/usr/bin/env",
      ["tar", "--extract", "--preserve-permissions", "--file", "bundle.tar", "--directory", "out"],
      environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"], workingFolder: folder.path
    ).wait()
    #expect(tar.status == 0)
    #expect(tar.errors.isEmpty, "\(tar.errors)")
    let expected = pushed.tree.mapValues {
      FileFacts(digest: $0.digest, mode: $0.mode, milliseconds: $0.milliseconds / 1000 * 1000)
    }
    #expect(try ClientMachine.tree(folder.child("out")) == expected)
  }

  @Test("bundle ls, files and cat show what was pushed")
  func listing() throws {
    let pushed = try pushed()
    let bundles = try pushed.machine.ask(pushed.server, ["bundle", "ls", "docs", "--json"])
    #expect(bundles.status == 0)
    let bundle = try #require(try bundles.list.first)
    #expect(try bundles.list.count == 1)
    #expect(bundle["id"] as? String == pushed.bundle)
    #expect(bundle["sequence"] as? Int == 1)
    #expect(bundle["message"] as? String == "all of it")
    #expect(bundle["labels"] as? [String] == ["first"])
    #expect(bundle["fileCount"] as? Int == pushed.tree.count)

    let files = try pushed.machine.ask(pushed.server, ["bundle", "files", "docs@latest", "--json"])
    #expect(files.status == 0)
    var paths: [BundlePath] = []
    for file in try files.list {
      let text = try #require(file["path"] as? String)
      let path = try BundlePath(text)
      let facts = try #require(pushed.tree[path], "\(path)")
      #expect(file["sha256"] as? String == facts.digest.hex)
      #expect(file["mode"] as? String == "0" + String(facts.mode, radix: 8))
      #expect(file["mtime"] as? String == Timestamp(milliseconds: facts.milliseconds).rfc3339)
      paths.append(path)
    }
    #expect(paths == pushed.tree.keys.sorted())

    // An id's prefix, a label and `latest` name the same bundle.
    let references = [String(pushed.bundle.prefix(12)), "first", "latest"]
    for (reference, name) in zip(references, ["large.bin", "日本 2.txt", "plain 0.txt"]) {
      let found = pushed.tree.keys.first { $0.lastComponent == name }
      let path = try #require(found)
      let cat = try pushed.machine.start(
        ["bundle", "cat", "docs@\(reference)", path.text],
        environment: ["SHEAF_SERVER": pushed.server.baseURL])
      #expect(try cat.wait().status == 0)
      let bytes = try cat.bytes
      #expect(SHA256Stream.digest(of: bytes) == pushed.tree[path]?.digest, "\(path)")
    }
    #expect(try pushed.machine.ask(pushed.server, ["bundle", "cat", "docs@latest", "nothing"]).status == 2)
  }
}
