import Foundation
import TestSupport
import Testing

/// The pages of repos and bundles in Chromium: what can be changed there.
@Suite(.serialized) struct RepoBrowserTests {
  private static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]
  private static let hint: Comment =
    "needs TEST_PYTHON, a Python with playwright, and chromium; .ci/test installs them"

  @Test(
    "D2 D21 D35 a repo is described, renamed and deleted, bundles get labels and go, all by their pages",
    .enabled(if: python != nil, hint))
  func pages() throws {
    let server = try GatewayProcess()
    try server.start()
    let machine = try ClientMachine()
    for message in ["first", "second", "third"] {
      try machine.folder.write(message, to: "source/\(message)")
      let push = try machine.run(
        ["push", machine.source, "--repo", "films", "-m", message],
        environment: ["SHEAF_SERVER": server.baseURL])
      try #require(push.status == 0, "\(push)")
    }
    let script = try BrowserScript(
      python: try #require(Self.python), [server.baseURL], script: "browser_repos.py")
    let repo = try script.next("repo")
    #expect(repo["points"] as? Int == 3)
    #expect((repo["summary"] as? String)?.contains("bundles 1 to 3") == true)
    let changed = try script.next("changed")
    #expect(changed["lead"] as? String == "Moving pictures" && changed["kept"] as? String == "5")
    #expect(try script.next("labelled")["labels"] as? [String] == ["draft"])
    #expect(try text(script.next("in use")).contains("has the label"))
    #expect(try script.next("unlabelled")["labels"] as? [String] == [])
    #expect(try text(script.next("mistyped")).contains("Nothing was deleted"))
    let deleted = try script.next("deleted")
    #expect(deleted["url"] as? String == "/ui/repos/films")
    #expect(try text(deleted).contains("2 bundles") && !text(deleted).contains("second"))
    #expect(try script.next("renamed")["url"] as? String == "/ui/repos/cinema")
    #expect(try script.next("status")["bars"] as? [String] == ["cinema"])
    let gone = try script.next("gone")
    #expect(gone["url"] as? String == "/ui/repos" && gone["errors"] as? [String] == [])
    #expect(try text(gone).contains("There is no repo yet"))
    try script.end()
    // Each of these changes has who asked for it.
    let kinds = try server.items("/api/v1/audit").compactMap { $0["kind"] as? String }
    #expect(
      kinds.prefix(6) == [
        "repo.deleted", "repo.renamed", "bundle.deleted", "label.removed", "label.moved", "repo.changed",
      ])
  }

  private func text(_ step: [String: Any]) throws -> String { try #require(step["text"] as? String) }
}
