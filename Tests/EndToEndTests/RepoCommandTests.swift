import Foundation
import TestSupport
import Testing

/// The life of repos, bundles and labels by the program's commands and the API, on the built binary.
@Suite struct RepoCommandTests {
  fileprivate let server: GatewayProcess
  private let machine: ClientMachine

  init() throws {
    server = try GatewayProcess()
    try server.start()
    machine = try ClientMachine()
  }

  fileprivate func sheaf(_ arguments: String...) throws -> ProgramResult {
    try machine.run(
      arguments, environment: ["SHEAF_SERVER": server.baseURL, "SHEAF_AUTHOR": "Ann <ann@example.org>"])
  }

  fileprivate func push(_ repo: String, _ text: String, label: String? = nil) throws {
    try machine.folder.write(text, to: "source/a.txt")
    var arguments = ["push", machine.source, "--repo", repo, "-m", "version \(text)"]
    if let label { arguments += ["--label", label] }
    let result = try machine.run(arguments, environment: ["SHEAF_SERVER": server.baseURL])
    try #require(result.status == 0, "\(result)")
  }

  fileprivate func list(_ result: ProgramResult) throws -> [[String: Any]] {
    let value = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
    return try #require(value as? [[String: Any]])
  }

  @Test(
    "D20 D21 D46 repos are created, listed, shown, changed, renamed and deleted; a missing one ends with 2")
  func repos() throws {
    #expect(try sheaf("repo", "create", "films", "-d", "moving pictures").status == 0)
    try push("films", "1")
    let shown = try sheaf("repo", "show", "films")
    #expect(shown.output.contains("moving pictures") && shown.output.contains("every bundle"))
    let changed = try sheaf("repo", "set", "films", "--keep-latest", "5", "--weight", "3", "--json").object
    #expect(changed["weight"] as? Int == 3)
    #expect((changed["retention"] as? [String: Any])?["latest"] as? Int == 5)
    #expect(try sheaf("repo", "rename", "films", "cinema").status == 0)
    #expect(try list(sheaf("repo", "ls", "--json")).compactMap { $0["name"] as? String } == ["cinema"])
    #expect(try sheaf("verify", "cinema@latest", "--deep").status == 0)
    for arguments in [
      ["repo", "show", "films"], ["bundle", "show", "films@latest"], ["label", "ls", "films"],
      ["log", "films"],
    ] {
      let missing = try machine.run(arguments, environment: ["SHEAF_SERVER": server.baseURL])
      #expect(missing.status == 2 && missing.errors.contains("no repo films"), "\(missing)")
    }
    // Nobody to ask, and not told --yes.
    let unasked = try sheaf("repo", "rm", "cinema")
    #expect(unasked.status == 2 && unasked.errors.contains("--yes"))
    #expect(try sheaf("repo", "rm", "cinema", "--yes").output.contains("with 1 bundles"))
    #expect(try list(sheaf("repo", "ls", "--json")).isEmpty)
    #expect(try sheaf("repo", "set", "cinema", "--weight", "101").status == 2)
  }

  @Test("D29 D30 D35 labels move with their history and who moved them, and name bundles everywhere")
  func labels() throws {
    try push("films", "1", label: "draft")
    try push("films", "2")
    #expect(try sheaf("label", "set", "films@latest", "draft").status == 0)
    #expect(try sheaf("label", "set", "films@draft", "v1.0").status == 0)
    let bundle = try sheaf("bundle", "show", "films@v1.0", "--json").object
    #expect(bundle["sequence"] as? Int == 2)
    #expect(bundle["labels"] as? [String] == ["draft", "v1.0"])
    let history = try sheaf("label", "show", "films", "draft", "--json").object
    let moves = try #require(history["moves"] as? [[String: Any]])
    #expect(moves.count == 2)
    #expect((moves[0]["actor"] as? String)?.hasPrefix("Ann <ann@example.org>") == true)
    let refused = try sheaf("bundle", "rm", "films@draft", "--yes")
    #expect(refused.status == 1 && refused.errors.contains("has the label"), "\(refused)")
    #expect(try sheaf("label", "rm", "films", "draft").status == 0)
    #expect(
      try list(sheaf("label", "ls", "films", "--json")).compactMap { $0["name"] as? String } == ["v1.0"])
    #expect(try list(sheaf("label", "ls", "films", "--prefix", "d", "--json")).isEmpty)
    let log = try sheaf("log", "films").output
    let order = ["draft removed", "v1.0 to", "bundle  #2", "bundle  #1"].map { text in
      log.range(of: text).map { log.distance(from: log.startIndex, to: $0.lowerBound) } ?? -1
    }
    #expect(order == order.sorted() && order[0] >= 0, "\(log)")
  }

  @Test("D40 squash deletes what it said it would, and the descriptors go too")
  func squash() throws {
    for number in 1...4 { try push("films", "\(number)") }
    #expect(try sheaf("label", "set", "films@latest", "keep").status == 0)
    let plan = try sheaf("repo", "squash", "films", "--latest", "2", "--dry-run")
    #expect(plan.output.split(separator: "\n").count == 2, "\(plan)")
    #expect(try list(sheaf("bundle", "ls", "films", "--json")).count == 4)
    #expect(try sheaf("repo", "squash", "films", "--latest", "2", "--yes").status == 0)
    #expect(
      try list(sheaf("bundle", "ls", "films", "--json")).compactMap { $0["sequence"] as? Int } == [4, 3])
    try eventually("the descriptors are removed") {
      try FileManager.default.contentsOfDirectory(atPath: server.dataFolder + "/bundles/films")
        .filter { $0.hasSuffix(".json") && $0 != "repo.json" }.count == 2
    }
  }

  @Test("D40 setting one rule of retention leaves the other one as it is; only --keep-all removes rules")
  func oneRule() throws {
    #expect(try sheaf("repo", "create", "films").status == 0)
    func rules(_ arguments: String...) throws -> [Int?] {
      let result = try machine.run(
        ["repo", "set", "films", "--json"] + arguments, environment: ["SHEAF_SERVER": server.baseURL])
      let rules = try result.object["retention"] as? [String: Any]
      return [rules?["latest"] as? Int, rules?["ageSeconds"] as? Int]
    }
    #expect(try rules("--keep-latest", "10") == [10, nil])
    #expect(try rules("--keep-days", "30") == [10, 30 * 86_400])
    #expect(try rules("--keep-latest", "5") == [5, 30 * 86_400])
    #expect(try rules("--weight", "2") == [5, 30 * 86_400])
    #expect(try rules("--keep-all") == [nil, nil])
  }

  @Test("D37 the audit log tells who asked for which change, newest first")
  func audit() throws {
    try push("films", "1")
    #expect(try sheaf("label", "set", "films@latest", "v1").status == 0)
    #expect(try sheaf("label", "rm", "films", "v1").status == 0)
    let items = try server.items("/api/v1/audit?repo=films")
    #expect(items.compactMap { $0["kind"] as? String }.prefix(2) == ["label.removed", "label.moved"])
    #expect((items[0]["actor"] as? String) == "Ann <ann@example.org> (127.0.0.1)")
  }
}

extension RepoCommandTests {
  @Test("D21 D35 a catalog rebuilt from disk has the names, texts, rules and labels of repos")
  func rebuilt() throws {
    try push("films", "1", label: "first")
    try push("films", "2")
    try push("films", "3")
    #expect(try sheaf("repo", "set", "films", "-d", "moving", "--keep-latest", "9").status == 0)
    #expect(try sheaf("label", "set", "films@latest", "v3").status == 0)
    #expect(try sheaf("label", "rm", "films", "first").status == 0)
    #expect(try sheaf("repo", "rename", "films", "cinema").status == 0)
    #expect(try sheaf("label", "rm", "cinema", "v3").status == 0)
    #expect(try sheaf("bundle", "rm", "cinema@latest", "--yes").status == 0)
    #expect(try sheaf("label", "set", "cinema@latest", "v2").status == 0)
    try eventually("what is planned is done") {
      let names = try FileManager.default.contentsOfDirectory(atPath: server.dataFolder + "/bundles/films")
      let text = try? String(contentsOfFile: server.dataFolder + "/bundles/films/repo.json", encoding: .utf8)
      return names.filter { $0.hasSuffix(".json") }.count == 3 && text?.contains("v2") == true
    }
    let before = try sheaf("repo", "show", "cinema", "--json").object
    #expect(server.stop() == 0)
    let check = try sheaf("doctor", "--data", server.dataFolder)
    #expect(check.status == 0, "\(check)")
    #expect(!check.output.contains("sequence-gap"), "\(check)")
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: server.dataFolder + "/catalog.sqlite" + suffix)
    }
    let rebuild = try sheaf("doctor", "--data", server.dataFolder, "--rebuild-catalog")
    try #require(rebuild.status == 0, "\(rebuild)")
    try server.start()
    let after = try sheaf("repo", "show", "cinema", "--json").object
    #expect(NSDictionary(dictionary: before) == NSDictionary(dictionary: after))
    #expect(try sheaf("bundle", "show", "cinema@v2", "--json").object["sequence"] as? Int == 2)
    #expect(try list(sheaf("label", "ls", "cinema", "--json")).count == 1)
    try push("cinema", "4")
    #expect(try sheaf("bundle", "show", "cinema@latest", "--json").object["sequence"] as? Int == 4)
  }
}
