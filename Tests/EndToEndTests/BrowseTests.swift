import Foundation
import TestSupport
import Testing

/// Looking into a bundle without downloading it.
@Suite struct BrowseTests {
  private func tree(_ history: BundleHistory, _ rest: String) throws -> (
    status: Int, names: [String], next: String?
  ) {
    let answer = try history.server.json("GET", history.target("one", "/tree\(rest)"))
    let items = answer.object["items"] as? [[String: Any]] ?? []
    let names = items.map { item in
      let name = item["name"] as? String ?? "?"
      guard item["kind"] as? String == "folder" else { return name }
      return "\(name)/ \(item["fileCount"] as? Int ?? -1) \(item["byteCount"] as? Int ?? -1)"
    }
    return (answer.status, names, answer.object["next"] as? String)
  }

  @Test("D34 a bundle is browsed by folders, with counts, page by page")
  func folders() throws {
    let history = try BundleHistory()
    let root = try tree(history, "")
    let names = [
      "50% ü/ 1 8", "changed", "empty", "gone", "large.bin", "moved", "opens", "same", "turns/ 2 14",
    ]
    #expect(root.status == 200 && root.names == names && root.next == nil)
    #expect(try tree(history, "/turns").names == ["a", "b/ 1 9"])
    #expect(try tree(history, "/turns/").names == ["a", "b/ 1 9"])
    #expect(try tree(history, "/turns/b").names == ["c"])
    #expect(try tree(history, "/50%25%20%C3%BC").names == ["a b"])
    var paged: [String] = []
    var cursor = ""
    repeat {
      let page = try tree(history, "?limit=2\(cursor)")
      paged += page.names
      cursor = page.next.map { "&cursor=\($0)" } ?? ""
    } while !cursor.isEmpty
    #expect(paged == names)
    for (rest, status) in [
      ("/nothing", 404), ("/same", 404), ("/turns?cursor=5", 400), ("/..%2Fx", 400), ("/%ff", 400),
      ("?limit=x", 400),
    ] { #expect(try tree(history, rest).status == status, "\(rest)") }
  }

  @Test("D34 the pages of folders lead down, up and to the files")
  func pages() throws {
    let history = try BundleHistory()
    func page(_ rest: String) throws -> String {
      let answer = try history.server.request("GET", "/ui/repos/docs/bundles/one\(rest)")
      #expect(answer.status == 200, "\(rest)")
      return String(decoding: answer.body, as: UTF8.self)
    }
    let id = history.bundles[0]
    #expect(try page("").contains("/ui/repos/docs/bundles/\(id)/tree\""))
    #expect(try page("/tree").contains("/ui/repos/docs/bundles/\(id)/tree/50%25%20%C3%BC\""))
    let second = try history.server.request("GET", "/ui/repos/docs/bundles/two")
    #expect(second.text.contains("/ui/repos/docs/bundles/\(id)/diff/\(history.bundles[1])\""))
    let below = try page("/tree/turns/b")
    #expect(below.contains("/ui/repos/docs/bundles/\(id)/tree/turns\""))
    #expect(below.contains("/api/v1/repos/docs/bundles/\(id)/files/turns/b/c\""))
    #expect(try history.server.request("GET", "/ui/repos/docs/bundles/one/tree/nothing").status == 404)
    #expect(try history.server.request("HEAD", "/ui/repos/docs/bundles/one/tree").status == 200)
  }

  @Test("D31 the contents of several files come one after the other, in the order they were asked for")
  func contents() throws {
    let history = try BundleHistory()
    func ask(_ reference: String, _ paths: [Any]) throws -> RawConnection.Answer {
      let body = try JSONSerialization.data(withJSONObject: ["paths": paths])
      return try history.server.request(
        "POST", history.target(reference, "/contents"), ["Content-Type": "application/json"],
        body: Array(body))
    }
    let answer = try ask("one", ["turns/b/c", "empty", "changed", "50% ü/a b", "changed"])
    #expect(answer.status == 200 && answer.text == "turns toobeforeodd namebefore")
    #expect(answer.headers["content-length"] == "29")
    #expect(answer.headers["x-content-type-options"] == "nosniff")
    #expect(try ask("two", ["changed"]).text == "after")
    let large = try ask("one", ["large.bin", "same"])
    #expect(large.body.count == BundleHistory.largeMebibytes << 20 + 4)
    #expect(Array(large.body.suffix(4)) == Array("same".utf8))
    let missing = try ask("one", ["changed", "new", "nothing"])
    #expect(missing.status == 404 && missing.text.contains("\"path\":\"new\""), "\(missing.text)")
    for (paths, problem) in [
      ([], "bad-request"), (["../x"], "bad-path"), (["/x"], "bad-path"), ([5], "bad-request"),
      (Array(repeating: "same", count: 1001), "bad-request"),
    ] as [([Any], String)] {
      let refused = try ask("one", paths)
      #expect(refused.status == 400 && refused.text.contains("\"code\":\"\(problem)\""), "\(refused.text)")
    }
    #expect(try ask("nothing", ["changed"]).status == 404)
  }

  @Test("D31 D34 a file is read in parts: Range, If-Range, ETag and HEAD agree")
  func ranges() throws {
    let history = try BundleHistory()
    let target = history.target(history.bundles[0], "/files/moved")
    let whole = try history.server.request("GET", target)
    #expect(whole.status == 200 && whole.body.count == 120_000)
    let tag = try #require(whole.headers["etag"])
    let head = try history.server.request("HEAD", target)
    #expect(head.status == 200 && head.body.isEmpty)
    for name in ["etag", "content-length", "accept-ranges", "repr-digest", "cache-control"] {
      #expect(head.headers[name] != nil && head.headers[name] == whole.headers[name], "\(name)")
    }
    for (range, part) in [
      ("bytes=0-0", 0..<1), ("bytes=119000-", 119_000..<120_000), ("bytes=-5", 119_995..<120_000),
    ] {
      for condition in [tag, nil] {
        let answer =
          if let condition {
            try history.server.request("GET", target, ["Range": range, "If-Range": condition])
          } else { try history.server.request("GET", target, ["Range": range]) }
        #expect(answer.status == 206)
        #expect(answer.body == Array(whole.body[part]))
        #expect(answer.headers["content-range"] == "bytes \(part.lowerBound)-\(part.upperBound - 1)/120000")
      }
    }
    for condition in ["\"other\"", "W/\(tag)", "Sat, 01 Jan 2000 00:00:00 GMT"] {
      let answer = try history.server.request("GET", target, ["Range": "bytes=0-0", "If-Range": condition])
      #expect(answer.status == 200 && answer.body == whole.body, "\(condition)")
    }
    #expect(try history.server.request("GET", target, ["If-None-Match": tag]).status == 304)
    #expect(try history.server.request("GET", target, ["Range": "bytes=120000-"]).status == 416)
  }
}
