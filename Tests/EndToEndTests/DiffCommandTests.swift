import Foundation
import TestSupport
import Testing

/// What changes between bundles, asked in every way there is.
@Suite struct DiffCommandTests {
  @Test("D32 diff tells what differs by lines, JSON, API and page, and by its status")
  func diff() throws {
    let history = try BundleHistory()
    for other in ["two", "@two", "docs@two", String(history.bundles[1].prefix(14))] {
      let result = try history.ask(["diff", "docs@one", other])
      #expect(result.status == 1, "\(result)")
      #expect(result.output.split(separator: "\n").map(String.init) == BundleHistory.differences)
    }
    let equal = try history.ask(["diff", "docs@two", "latest"])
    #expect(equal.status == 0 && equal.output.isEmpty, "\(equal)")

    let report = try history.ask(["diff", "docs@one", "two", "--json"]).object
    let summary = try #require(report["summary"] as? [String: Int])
    #expect(summary == ["added": 3, "deleted": 4, "updated": 1, "renamed": 1, "unchanged": 4])
    #expect(report["renamesMatched"] as? Bool == true)

    // Page by page over the API.
    var found: [String] = []
    var cursor = ""
    repeat {
      let answer = try history.server.json("GET", history.target("one", "/diff/two?limit=2\(cursor)"))
      #expect(answer.status == 200)
      let items = try #require(answer.object["items"] as? [[String: Any]])
      #expect(items.count <= 2)
      for item in items {
        let letter = try #require(item["change"] as? String).prefix(1).uppercased()
        let from = (item["from"] as? String).map { "\($0) -> " } ?? ""
        found.append("\(letter) \(from)\(try #require(item["path"] as? String))")
      }
      cursor = (answer.object["next"] as? String).map { "&cursor=\($0)" } ?? ""
    } while !cursor.isEmpty
    #expect(found == BundleHistory.differences)

    let page = try history.server.request("GET", "/ui/repos/docs/bundles/one/diff/two")
    #expect(page.status == 200)
    let html = String(decoding: page.body, as: UTF8.self)
    #expect(html.contains("opens/now") && html.contains("was <bdi class=\"path\">moved</bdi>"))
  }

  @Test("D32 diff --dir compares a local folder, and does not see what a pull notes")
  func folder() throws {
    let history = try BundleHistory()
    #expect(try history.ask(["diff", "docs@two", "--dir", "source"]).status == 0)
    let result = try history.ask(["diff", "docs@one", "--dir", "source"])
    #expect(result.status == 1)
    #expect(result.output.split(separator: "\n").map(String.init) == BundleHistory.differences, "\(result)")
    #expect(try history.ask(["pull", "docs@one", "--to", "copy"]).status == 0)
    #expect(try history.ask(["diff", "docs@one", "--dir", "copy"]).status == 0)
  }

  @Test("D32 diff fails with 2 for what it cannot compare and 3 for a server that is not there, never with 1")
  func failures() throws {
    let history = try BundleHistory()
    for arguments in [
      ["docs@one"], ["docs@one", "two", "--dir", "source"], ["docs@one", "nothing"], ["docs@nothing", "one"],
      ["docs", "one"], ["docs@one", "--dir", "nowhere"], ["docs@one", "other@one"],
    ] {
      let result = try history.ask(["diff"] + arguments)
      #expect(result.status == 2, "\(arguments): \(result)")
      #expect(!result.errors.isEmpty && result.output.isEmpty)
    }
    for target in [
      "/diff/nothing", "/diff/two?repo=..", "/diff/two?cursor=1.1", "/diff/two?cursor=x", "/diff/two?limit=0",
    ] {
      #expect(
        [400, 404].contains(try history.server.request("GET", history.target("one", target)).status),
        "\(target)")
    }
    #expect(history.server.stop() == 0)
    #expect(try history.ask(["diff", "docs@one", "two"]).status == 3)
  }
}
